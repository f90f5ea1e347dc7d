"""Routes of the work after a show: orders, packing, customers, contracts, statements.

In: a session, a brand or a month. Out: records, documents, files. Never here: arithmetic of money, SQL.
"""
