"""Dry runs: what ingest would do with events, or with an import, found out by its own code and undone.

In: request bodies, rows of a file. Out: outcomes and figures as they would be. Never here: a commit.
"""
