"""Calls to platforms: which servers they may reach, how often, with which token, and how much of an answer is read.

In: a request for a platform's API. Out: its answer, or an error that says whether a retry helps. Never here: the meaning of an
answer.
"""
