"""Sheets with one header row and one row per line, for filters and pivot tables.

In: a statement in one edition. Out: cells. Never here: formulas, merged cells.
"""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from xlsxwriter.worksheet import Worksheet

from app.reports.excel.formats import WorkbookStyle, guarded, print_setup, width_of
from app.settlement.amounts.lines import GoodsSource, StatementLine
from app.settlement.files.wording import Words

Value = str | int | float | date | None

_WIDEST = 48
_LINE_COLUMNS = (
    "number", "month", "kind", "description", "title", "session", "held_on", "to", "source_amount", "currency", "fx_rate",
    "fx_date", "fx_kind", "revision", "base", "share", "tax_rate", "amount", "corrects", "reason",
)  # fmt: skip
_NO_SOURCE = GoodsSource(amount="0", currency="", revision=0)


def write_lines(style: WorkbookStyle, sheet: Worksheet, words: Words) -> None:
    """Write the lines. The amounts add up to what is payable before tax."""
    names = [*_LINE_COLUMNS, *(["by"] if words.internal else [])]
    _table(style, sheet, words, names, [_line(words, line)[: len(names)] for line in words.statement.lines])


def _line(words: Words, line: StatementLine) -> list[Value]:
    statement, source = words.statement, line.source or _NO_SOURCE
    return [
        statement.number or words.word("draft"), f"{statement.month:%Y-%m}", words.kind(line), words.description(line),
        line.title, None if line.session is None else str(line.session), line.held_on, line.to,
        None if line.source is None else float(source.amount), source.currency or None,
        None if source.rate is None else float(source.rate), source.rate_date, source.rate_kind, source.revision or None,
        line.base, ratio(line.rate), ratio(line.tax_rate), line.amount, line.corrects, line.reason, line.by,
    ]  # fmt: skip


def write_chain(style: WorkbookStyle, sheet: Worksheet, words: Words) -> None:
    """Write what parties receive out of another party's share."""
    rows: list[list[Value]] = [
        [str(share.session), share.to, share.of, share.base, ratio(share.rate), share.amount, share.corrects]
        for share in words.statement.chain
    ]
    _table(style, sheet, words, ["session", "to", "of", "base", "share", "amount", "corrects"], rows)


def write_platform(style: WorkbookStyle, sheet: Worksheet, words: Words) -> None:
    """Write the platform's figures: a row for what it settled, one per fee, one for the net GMV, one for the difference."""
    rows: list[list[Value]] = []
    for found in words.statement.platform:
        amounts = [(words.word("column.settled"), found.settled), *((fee.kind, fee.amount) for fee in found.fees)]
        amounts += [(words.word("column.net_gmv"), found.net_gmv), (words.word("column.difference"), found.difference)]
        rows += [[str(found.session), found.title, found.orders, kind, float(amount), found.currency] for kind, amount in amounts]
    _table(style, sheet, words, ["session", "title", "orders", "kind", "source_amount", "currency"], rows)


def ratio(rate: str | None) -> float | None:
    """Return a rate as the number of a cell."""
    return None if rate is None else float(Fraction(rate))


def _table(style: WorkbookStyle, sheet: Worksheet, words: Words, names: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
    heads = [words.word(f"column.{name}") for name in names]
    widths = [width_of(head) + 3 for head in heads]
    for column, head in enumerate(heads):
        sheet.write_string(0, column, head, style.header())
    for place, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            _cell(style, sheet, place, column, names[column], value)
            text = (
                value.isoformat() if isinstance(value, date) else f"{value:,}" if isinstance(value, int | float) else value or ""
            )
            widths[column] = min(_WIDEST, max(widths[column], width_of(text) + 2))
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(1, len(rows)), len(names) - 1)
    print_setup(sheet, style, words.title(), words.period(), wide=1 if len(names) < 10 else 2)
    sheet.repeat_rows(0)


def _cell(style: WorkbookStyle, sheet: Worksheet, row: int, column: int, name: str, value: Value) -> None:
    if value is None:
        sheet.write_blank(row, column, None, style.cell())
    elif isinstance(value, str):
        sheet.write_string(row, column, value, style.cell(**guarded(value, {})))
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, style.cell(num_format="yyyy-mm-dd", align="left"))
    else:
        formats = {"share": "0.00####%", "tax_rate": "0.##%", "fx_rate": "0.00########", "source_amount": "#,##0.00##"}
        sheet.write_number(row, column, value, style.cell(num_format=formats.get(name, "#,##0")))
