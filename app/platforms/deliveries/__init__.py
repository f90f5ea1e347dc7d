"""Deliveries: webhook requests of platforms, and what became of those that could not be processed.

In: the bytes of a request, dead letters, parked events. Out: events through the writer, entries of the inbox, answers.
Never here: the schedule of jobs, a platform's format.
"""
