"""Routes of callers: people, API keys, share links, sign-in.

In: forms. Out: records; a secret once, when it is made. Never here: hashes, SQL.
"""
