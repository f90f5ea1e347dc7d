"""Receiving: request bodies become submissions, with pseudonyms in the place of persons.

In: bytes and their sender. Out: a submission with what was refused. Never here: storage of events, routes.
"""
