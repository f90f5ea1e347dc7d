"""Adapters: what a platform sends, turned into Tallylight's events.

In: bytes, headers and query of a delivery, or the answer of a platform's API. Out: CloudEvents as plain dicts, pulls to make, and
input that no adapter can parse. Never here: I/O, clocks, global state, SQL.
"""
