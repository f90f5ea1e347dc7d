"""Spreadsheet files: xlsx, xlsb, xls and ods.

In: a file. Out: sheets and their rows, with cells that show errors or codes named. Never here: headings, the meaning of a cell.
"""
