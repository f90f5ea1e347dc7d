"""Group commit: the writer, and the order in which waiting requests are flushed.

In: submissions. Out: the same, settled once they are durable. Never here: SQL, the meaning of an event.
"""
