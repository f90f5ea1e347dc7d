"""Queries of connections, imports, and jobs over what could not be processed.

In: rows of connections, imports and jobs. Out: typed rows. Never here: what a platform sends.
"""
