"""Brands: their rows and logos, and access to their sessions.

In: requests of operators, with their principal. Out: stored brands and pictures; a session that its caller may reach. Never here:
changes of a session.
"""
