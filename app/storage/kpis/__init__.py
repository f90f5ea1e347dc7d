"""Queries of figures: of a session, of its products, windows, hosts and sources.

In: a session's id. Out: typed rows. Never here: formulas.
"""
