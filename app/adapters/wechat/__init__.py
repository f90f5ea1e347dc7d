"""WeChat: pushes of a shop, its orders and money, the live dashboard, and the forwarder of a room's messages.

In: pushes, answers of WeChat's API. Out: events, requests to make. Never here: I/O.
"""
