"""Observability: logs and metrics of a running process.

In: requests, events of the code. Out: structured log lines on stderr, metrics in Prometheus text format. Never here: values of
senders, secrets, ids of persons.
"""
