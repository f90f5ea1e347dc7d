"""Windows: what was sold and who was there while a host presented, around a mark, after the show, and from each minute on.

In: a session, moments at which something begins or ends. Out: figures per window, which add up to the session, and their
documents. Never here: SQL, a cause.
"""
