"""Observability: logs, metrics and traces of a running process.

In: requests, events of the code. Out: structured log lines on stderr, metrics in Prometheus text format, spans to a collector.
Never here: values of senders, secrets, ids of persons.
"""
