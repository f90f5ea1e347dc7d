"""Files of a statement: for Excel, to print, and as plain text for accountants.

In: a statement in one edition, a language. Out: files. Never here: figures, SQL.
"""
