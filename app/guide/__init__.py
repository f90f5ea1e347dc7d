"""The guide: the project's documentation as pages of the server.

In: the Markdown files of `docs`. Out: HTML, and the sections that hold the words of a search. Never here: HTTP, figures.
"""
