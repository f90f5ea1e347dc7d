"""SQL of the catalogue that is more than its tables: lists, devices, claims on rooms, deletion of a session.

In: nothing. Out: named queries, which `app.catalogue` loads. Never here: rules.
"""
