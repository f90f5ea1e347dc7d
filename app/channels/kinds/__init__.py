"""The kinds of channels: one module per receiver's format.

In: a text, a channel's secrets. Out: a request, and what its answer means. Never here: I/O, the system clock.
"""
