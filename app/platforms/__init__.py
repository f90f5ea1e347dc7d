"""Platforms: the connections that an agency fills in, their inbox, and what is fetched from a platform's API.

In: deliveries, forms, moments at which something is due. Out: events through the writer, follow-up jobs, the state of each
connection. Never here: a platform's format (that is the adapters'), routes, figures.

Connections are administered in `administration`; `credentials` keeps their secrets. What a platform pushes is in `deliveries`,
what is fetched in `pulls`, by `calls`, when `background` says so. What people export is in `file_imports`. They share `inbox`,
which stores deliveries for jobs, and `event_submitter`; `runtime` keeps open what one process needs of them.
"""
