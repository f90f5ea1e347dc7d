"""Ingest: the write side, from request bodies to committed rows.

In: request bodies. Out: an outcome per event, once it is durable. Never here: KPIs, routes.
"""
