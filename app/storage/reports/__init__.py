"""Queries of documents: insights, months, exports, revisions.

In: a session, a brand or a month. Out: typed rows. Never here: words, layout.
"""
