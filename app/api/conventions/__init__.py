"""HTTP conventions of all routes: errors, languages, pages, conditional requests, compression, files.

In: requests and answers. Out: the parts of them that all routes share. Never here: callers, routes, figures.
"""
