"""Credentials of connections: encrypted at rest, replaced one after another, decrypted in a cache.

In: secrets of connections and channels. Out: the same, encrypted or decrypted. Never here: calls, forms.
"""
