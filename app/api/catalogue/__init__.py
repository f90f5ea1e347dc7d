"""Routes of the catalogue: brands, products, sessions with their streams, line-up, plan and notes.

In: forms. Out: records of the catalogue. Never here: rules, SQL.
"""
