"""Simulator: generates the events of a live session from the totals of its results sheet, and sends them like a streaming tool.

In: a scenario (JSON). Out: CloudEvents as values or sent to a server over HTTP; a comparison with the sheet.
Never here: the server's own code. The simulator knows the public API only. Only the sender and the command do I/O.

`scenario` reads what a session shall be, `generation` makes its events, `sending` sends them, `comparison` holds the server's
figures against the sheet.
"""
