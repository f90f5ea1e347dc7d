"""The catalogue: brands, products, sessions and what people say of them, and the keys that let them.

In: forms of operators, with the principal who sends them. Out: stored records; every change is one transaction.
Never here: HTTP, events, figures beyond the summary of a session list.
"""
