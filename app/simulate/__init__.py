"""Simulate: a live session made from the totals of its results sheet, and sent as a streaming tool would.

In: a scenario (JSON). Out: CloudEvents, by value or to a running server over HTTP, and a comparison with the sheet.
Never here: the server's own code. Everything known of the server is its public API; only the sender and the command do I/O.
"""
