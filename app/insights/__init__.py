"""Insights: statements about a session, each with its figures.

In: figures computed by the read side. Out: ranked findings in three languages. Never here: HTTP, writes, formulas of
KPIs, a statement without evidence.
"""
