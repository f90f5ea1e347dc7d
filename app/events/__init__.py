"""Events: what a live session reports, and what each report adds to the tables.

In: JSON bytes. Out: typed events, then contributions. Never here: I/O, clocks, SQL, secrets; the only library is Pydantic.
"""
