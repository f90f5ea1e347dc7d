"""Reports: the results sheet, as people of the trade know it.

In: evaluations of the read side. Out: documents. Never here: formulas, SQL, HTTP.
"""
