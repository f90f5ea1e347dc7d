"""The schema as a whole: migrations, and which versions serve it.

In: a database. Out: a database at head. Never here: descriptions of tables, which are in `tables`.
"""
