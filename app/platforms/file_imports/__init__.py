"""Imports of files that people export from a back end: orders, audience, products.

In: a file, its kind, what was chosen for it. Out: events through the writer, or products; a report per row. Never here: the
formats of files, which are in `app.imports` and `app.adapters`.
"""
