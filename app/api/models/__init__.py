"""Models of answers, for the OpenAPI document.

In: nothing. Out: classes that document what the read side builds. Never here: validation of requests, routes.
"""
