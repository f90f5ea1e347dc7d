"""Mappings: webhooks of any tool, read by rules that an operator writes.

In: a JSON body, rules. Out: events. Never here: I/O, a platform's own format.
"""
