"""Charts: Vega-Lite specifications kept as data, one place for the browser and the report.

In: documents of the read side, a language, a theme. Out: complete specifications, and their pictures. Never here: SQL,
figures of its own, HTTP.
"""
