"""The desk: what an operator does before and while a session runs.

In: forms of operators. Out: events on the ordinary way in; the plan of a session. Never here: HTTP, figures.
"""
