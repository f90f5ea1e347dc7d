"""Months: a brand's month as its account manager shows it, and the agency's month over all brands.

In: sessions, statements, customers. Out: documents. Never here: figures of their own.
"""
