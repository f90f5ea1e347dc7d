"""Routes of figures: KPIs, results by product, timelines, windows, traffic, comparisons, insights.

In: a session or a brand, and a few parameters. Out: JSON as the read side built it. Never here: formulas, SQL.
"""
