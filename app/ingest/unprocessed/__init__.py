"""What could not be processed when it came: replay of dead letters, of parked events, decisions about rooms.

In: dead letters and parked events. Out: the same, sent through the writer again. Never here: what is refused or parked, which
`ingest.flushing` decides.
"""
