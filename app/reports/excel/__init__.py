"""The report as an Excel workbook: the results sheet, the minutes with charts, every order line.

In: the report document and the documents behind it. Out: a file. Never here: figures of its own, I/O but the file.
"""
