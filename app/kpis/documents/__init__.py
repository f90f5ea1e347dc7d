"""Documents: exact figures as the values of a response, and the KPI document.

In: an evaluation. Out: dicts for JSON; the few figures of a message; what differs from a released revision.
Never here: SQL, formulas.
"""
