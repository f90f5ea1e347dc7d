"""Statements: drafts that can be computed again, issued ones that never change, and their documents.

In: a brand, a month, entered lines. Out: stored statements, documents by edition. Never here: formulas of amounts, files.
"""
