"""Reading: whom a read is about, one snapshot for its queries, and how reads share the process.

In: the database, a session. Out: a connection, the session's head and status, shared executions. Never here: figures, documents.
"""
