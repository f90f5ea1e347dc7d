"""Scenarios: the totals that a simulated session reproduces, as a file states them.

In: a name or a path. Out: a scenario without contradictions, its totals divided among platforms. Never here: events, a server.
"""
