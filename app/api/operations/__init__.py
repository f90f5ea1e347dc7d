"""Routes of the deployment: connections, channels, audit log, health, status, labels.

In: requests. Out: records, states, metrics. Never here: rules, SQL.
"""
