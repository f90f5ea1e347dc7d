"""Sessions: their rows, lists and deletion, with their streams, line-up, promotions and notes.

In: requests of operators, with their principal. Out: stored records of a session. Never here: figures beyond the session list's.
"""
