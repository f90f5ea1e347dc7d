"""Rules: each a small function from evidence to findings. One file per subject, one list of all in `app/insights/registry.py`.

In: evidence. Out: findings, none without evidence. Never here: I/O, sentences.
"""
