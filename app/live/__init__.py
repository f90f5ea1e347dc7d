"""The live stream: one computation per session and process, however many watch.

In: watched sessions. Out: bytes that all subscribers of a session share; tickets; alerts. Never here: HTTP, SQL.
"""
