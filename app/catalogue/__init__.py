"""The catalogue: brands, products, sessions with their plans and notes, and API keys.

In: requests of operators, with their principal. Out: stored records; every change is one transaction.
Never here: HTTP, events, figures beyond the summary of a session list.

`brands` own `products` and `sessions`; `callers` are who asks. They share `access`, which says what a caller may do, and the
modules of ids, field types and pages.
"""
