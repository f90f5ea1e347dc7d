"""The dashboard: a page of native ES modules that reads the public JSON API and the event stream.

In: requests for the page and its files. Out: static files with a strict content security policy. Never here: figures, texts (they
are in the label catalogue), data that the public API does not return, private routes.
"""
