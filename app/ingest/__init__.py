"""Ingest: the write side, from request bodies to committed rows.

In: request bodies. Out: an outcome per event, once it is durable. Never here: KPIs, routes.

A request's events pass `receiving`, `group_commit`, `flushing` and `folding`. `rebuilding` folds a session again, `voids` takes
events out of it, `unprocessed` sends again what was kept, `dry_runs` tries without a commit; `retention` and `log_retention`
delete what is old.
"""
