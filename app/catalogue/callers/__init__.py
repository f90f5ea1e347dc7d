"""Callers: API keys, people, devices, share links, and how each of them signs in.

In: credentials, requests of administrators. Out: principals. Never here: which route a role may call, cookies.
"""
