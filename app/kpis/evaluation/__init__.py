"""Evaluation: the registry of KPIs, and a session's exact figures by it, with the contradictions between them.

In: rows of a session. Out: exact figures with their basis; the same as text. Never here: I/O, rounding of what is computed on.
"""
