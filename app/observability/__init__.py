"""Observability: what operators see of a running process.

In: requests as they pass, figures as they happen. Out: structured log lines on stderr, Prometheus text.
"""
