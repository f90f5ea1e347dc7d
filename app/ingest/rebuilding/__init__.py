"""Rebuilds: a session's log folded again beside its rows, and the rows that differ replaced.

In: a session. Out: differences, replaced rows. Never here: what asks for a rebuild.
"""
