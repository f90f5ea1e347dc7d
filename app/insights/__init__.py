"""Insights: sentences about a session, each with the figures that it rests on.

In: figures that the read side has computed. Out: ranked findings in three languages. Never here: HTTP, writes, formulas of
KPIs, a sentence without evidence.
"""
