"""Sending: a simulated session is created on a server and its events are sent as a streaming tool sends them.

In: events, the address of a server. Out: requests of the public API. Never here: the events' contents.
"""
