"""Callers of routes: authentication, roles, limits of requests, entries of the audit log.

In: a request. Out: a `Principal` and the session of the path, or 401, 403, 404 and 429. Never here: keys in logs or errors,
routes.
"""
