"""Ingest: the write side, from bytes to committed rows.

In: request bodies. Out: outcomes per event, once they are durable. Never here: KPIs, routes.
"""
