"""The audience: which sources viewers came from, how far they got, and how fast they were answered.

In: a session, people by source and by step. Out: documents of arrivals, sources, the funnel, customer service. Never
here: SQL.
"""
