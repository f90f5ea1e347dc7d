"""The read side: computes KPIs and documents from a session's rows.

In: rows of the rollups, from storage. Out: figures with their basis, and JSON documents. Never here: writes, HTTP.
"""
