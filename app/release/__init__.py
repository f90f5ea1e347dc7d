"""Release of sessions: revisions of the report that never change, and the editions that people outside the agency read.

In: sessions that have ended. Out: frozen documents with a content hash. Never here: HTTP, layout, statements of a settlement.
"""
