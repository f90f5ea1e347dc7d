"""PostgreSQL's own programs: the embedded server, dumps.

In: a folder. Out: a running server, an archive. Never here: connections of ours, SQL.
"""
