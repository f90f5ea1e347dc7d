"""Routes of documents: the results sheet, its revisions, months, exports.

In: a session, a brand or a month, and a language. Out: documents and files. Never here: layout, figures.
"""
