"""Adapters: what a platform sends, turned into Tallylight's events.

In: bytes, headers and query of a delivery, or the answer of a platform's API. Out: CloudEvents as plain dicts, pulls to make, and
input that no adapter can parse. Never here: I/O, clocks, global state, SQL.

A platform with one adapter is a module, one with several a package. They share `protocol`, which says what an adapter is, the
body formats, signatures and the reading of loose values; `registry` lists them by kind.
"""
