"""Queries of the outbox of channels and of its deliveries.

In: messages. Out: deliveries that are due. Never here: what a message says.
"""
