"""The desk: what an operator does before and while a session runs.

In: forms of operators. Out: events, submitted as those of any sender; the plan of a session. Never here: HTTP, figures.
"""
