"""Contracts between a brand and its agency: their terms, and the plans that are presets of them.

In: forms of administrators. Out: stored contracts with checked terms. Never here: amounts of a month.
"""
