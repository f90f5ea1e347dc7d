"""Rules: functions from evidence to findings, one module per subject, listed in `app/insights/registry.py`.

In: evidence. Out: findings, none without evidence. Never here: I/O, text.
"""
