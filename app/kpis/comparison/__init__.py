"""Comparison: a session beside others, beside its targets, and a brand's sessions and hosts in time order.

In: evaluations of sessions. Out: ranks, medians, targets with their pace, and their documents. Never here: SQL, sums of money in
different currencies.
"""
