"""Storage: PostgreSQL, its tables, its SQL.

In: typed rows. Out: typed rows. Never here: the meaning of a metric, HTTP.
"""
