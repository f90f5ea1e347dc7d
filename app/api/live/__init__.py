"""Routes of a session on air: the event stream, alerts, the desk's actions.

In: a session. Out: server-sent events, alerts, receipts. Never here: figures, SQL.
"""
