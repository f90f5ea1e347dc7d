"""Comparison of a results sheet, computed from a scenario's totals, with the server's figures.

In: a scenario, the server's answers. Out: a table. Never here: requests.
"""
