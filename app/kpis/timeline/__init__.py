"""The session by time: its timeline, its marks, and its orders and events one by one.

In: a session, a time range or a page. Out: documents in order of time. Never here: SQL, figures per window.
"""
