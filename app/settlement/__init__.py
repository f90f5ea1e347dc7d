"""Settlement: what a brand and its agency agreed on, and the rates that convert their money.

In: forms of administrators and operators. Out: contracts with their terms, exchange rates, statements and their files.
Never here: telemetry, KPIs, payments.

`contracts` and `rates` hold what was agreed on and entered; `amounts` computes a month from them, `statements` stores and issues
it, `files` writes it for people and programs.
"""
