"""The read side: computes KPIs and documents from a session's rows.

In: rows of the rollups, from storage. Out: figures with their basis, and JSON documents. Never here: writes, HTTP.

`reading` finds the session and its snapshot; `evaluation` has the registry of KPIs and computes exact figures, `documents` writes
them for a response. On these stand `products`, `audience` and `timeline`, then `windows`, which divide a session by time, and
`comparison`, which reads several sessions.
"""
