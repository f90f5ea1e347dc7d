"""Connections to PostgreSQL, single and pooled, on which every wait ends.

In: an address. Out: open connections. Never here: queries, transactions.
"""
