"""The dashboard: a page of native ES modules that reads the public JSON API and the live stream.

In: requests for the page and its files. Out: static files with a strict content security policy. Never here: figures, words
(they are the label catalogue's), anything that the public API does not tell; the page has no door of its own.
"""
