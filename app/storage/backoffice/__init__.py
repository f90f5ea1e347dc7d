"""Queries of the work after a show: orders, parcels, customers, statements.

In: a session or a brand. Out: typed rows. Never here: arithmetic of money.
"""
