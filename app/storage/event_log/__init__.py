"""The raw log: its partitions, its pages, and whether a session's log was dropped.

In: a session. Out: orders and events as they arrived. Never here: what changes the log.
"""
