"""KPIs: the read side. What a session's rows mean, figure by figure.

In: rows of the rollups, from storage. Out: figures with their basis, and JSON documents. Never here: writes, HTTP.
"""
