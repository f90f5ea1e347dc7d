"""Queries of the write side: events, claims, counters, orders, rebuilds, voids.

In: columns of a batch, inside its transaction. Out: rows that the database returned. Never here: the meaning of an event.
"""
