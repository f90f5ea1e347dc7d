"""Administration of connections: forms, records, tests of credentials, diagnostics.

In: requests of administrators, with their principal. Out: stored connections and what became of their deliveries.
Never here: deliveries and jobs as they happen.
"""
