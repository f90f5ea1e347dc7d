"""Queries of operation: readiness, the replica, the status of tables and jobs.

In: a database. Out: states of it. Never here: what is done about them.
"""
