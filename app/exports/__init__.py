"""Exports: a brand's sessions, orders, products, KPIs and events as CSV or Parquet.

In: the database, a table, a window. Out: bytes of a file, piece by piece. Never here: HTTP, figures of their own, raw ids of
people.
"""
