"""Weibo: the fans service, live interaction, counts of posts.

In: pushes, messages of a stream, answers of Weibo's API. Out: events. Never here: I/O.
"""
