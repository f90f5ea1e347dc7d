"""Queries of sessions on air: what changed, states of alerts, what the desk reads.

In: ids of sessions. Out: typed rows. Never here: figures.
"""
