"""Pulls: what is fetched from a platform's API, after a delivery, at intervals or as a stream.

In: entries of the inbox, sessions on air. Out: events through the writer, follow-up jobs. Never here: retries of jobs, which
`platforms.background` decides.
"""
