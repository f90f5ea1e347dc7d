"""Generation: the events of a simulated session, whose sums are the scenario's totals.

In: a scenario, a seed. Out: CloudEvents in order of time. Never here: I/O.
"""
