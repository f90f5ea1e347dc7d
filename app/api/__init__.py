"""The HTTP API: routes, their access rules and their documentation.

In: requests. Out: one call into a package below, then JSON. Never here: SQL, formulas.

Routes are in packages by subject: `ingest`, `catalogue`, `figures`, `live`, `reports`, `backoffice`, `people`, `operations`.
They share `models` (of answers), `access` (callers and their rights) and `conventions` (of HTTP). `application` is the ASGI
application around them, `openapi` their document.
"""
