"""Storage: PostgreSQL, its tables, its SQL.

In: typed rows. Out: typed rows. Never here: the meaning of a metric, HTTP.

The queries of a package of the application are in the package of that name, each file of SQL beside the module that runs it;
`reports` has those of all documents, `backoffice` those of logistics, customers and settlement. Under them are `database`,
`queries` and `audit`, and the connections in `pool`, the server in `postgres`, the schema in `tables` and `schema`.
"""
