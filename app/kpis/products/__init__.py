"""Products: their results, their showcases, their stock over time.

In: a session, rows by product. Out: exact figures per product and their documents. Never here: SQL, figures of the whole session.
"""
