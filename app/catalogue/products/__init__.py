"""Products of a brand: their rows, aliases and customs data, and what a change of aliases moves.

In: requests of operators, with their principal. Out: stored products, requests of rebuilds. Never here: line-ups.
"""
