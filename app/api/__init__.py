"""The HTTP API: routes, their access rules and their documentation.

In: requests. Out: one call into a room below, then JSON. Never here: SQL, formulas.
"""
