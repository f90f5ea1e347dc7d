"""Events: typed payloads of a live session, and the contributions that each of them makes to the tables.

In: JSON bytes. Out: typed events, then contributions. Never here: I/O, clocks, SQL, secrets. The only libraries are Pydantic and
msgspec.
"""
