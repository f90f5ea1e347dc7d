"""The rules that a row of an imported file can break.

In: nothing. Out: stable codes, for programs and for the words of the label catalogue (`import_row.<code>`). Never here: words.
"""

from typing import Literal

RowError = Literal[
    "amount",
    "amounts_differ",
    "cells",
    "characters",
    "date_for_text",
    "duration",
    "empty",
    "foreign_currency",
    "identifier",
    "invalid",
    "merged_cell",
    "no_amount",
    "no_line_amounts",
    "no_order",
    "no_time",
    "order_number",
    "order_on_several_platforms",
    "order_without_stream",
    "other_heading",
    "outside_years",
    "quotes",
    "refund_number",
    "refused",
    "return_amount",
    "rounded_number",
    "rounded_time",
    "spreadsheet_error",
    "time",
    "time_of_day",
    "unknown_order",
    "whole_number",
    "yes_or_no",
]
"""What is wrong with a row that is not imported."""
