"""The fold of new events into tables: sums, samples, orders, claims, and the distinct values that events name.

In: events that are new in the log, inside a transaction. Out: rows of the fold. Never here: queues, commits, senders.
"""
