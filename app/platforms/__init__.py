"""Platforms: the connections that an agency fills in, their inbox, and what is fetched from a platform's API.

In: deliveries, forms, moments at which something is due. Out: events through the writer, follow-up jobs, the state of each
connection. Never here: a platform's format (that is the adapters'), routes, figures.
"""
