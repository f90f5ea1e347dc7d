"""Background work of one process: the worker, its jobs one by one, their metrics.

In: jobs that are due. Out: work of the packages below, the next attempt of what failed. Never here: what a job does.
"""
