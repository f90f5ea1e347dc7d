"""Flushes: the events of many submissions, written in one transaction, up to the caps of a session.

In: submissions. Out: rows, and an outcome per event: new, known, refused, parked. Never here: queues, HTTP.
"""
