"""Exchange rates: entered one by one or from a file.

In: rates with their source. Out: stored rates. Never here: default rates.
"""
