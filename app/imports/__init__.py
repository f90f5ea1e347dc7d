"""Files that people export from a back end, as CSV or as a spreadsheet: orders, audience, products, rates, tracking numbers.

In: a file, and what its columns hold. Out: events or records, and a report per row. Never here: HTTP, storage, what a platform
sends.
"""
