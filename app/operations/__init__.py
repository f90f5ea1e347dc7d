"""Operations: what the people on call need: is all well, a backup, a restored backup.

In: the database, the settings. Out: checks, one file, a restored database. Never here: figures, HTTP.
"""
