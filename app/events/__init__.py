"""Events: what a live session reports, and what each report adds to the tables.

In: JSON bytes. Out: typed events, then contributions. Never here: I/O, clocks, SQL, secrets. It knows
no libraries but Pydantic and msgspec.
"""
