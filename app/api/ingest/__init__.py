"""Routes of ingest: events, deliveries of platforms, imports, dead letters, voids, rebuilds, the event log.

In: bodies. Out: receipts and records. Never here: the meaning of an event, SQL.
"""
