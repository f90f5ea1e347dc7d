"""Customers of a brand, by pseudonym: who bought, when, and who came back.

In: the orders of a brand's sessions. Out: documents. Never here: ids of persons.
"""
