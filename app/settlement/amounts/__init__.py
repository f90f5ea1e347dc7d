"""Amounts: what a month owes by its contract, line by line, down to the totals of a statement.

In: revisions of sessions, terms, exchange rates, entered lines, earlier statements. Out: lines, tax, totals, corrections. Never
here: SQL, files.
"""
