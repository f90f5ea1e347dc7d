"""The sheet of a statement that people read and print: head, lines, tax, what is payable, deliverables, notes.

In: a statement in one edition. Out: cells; amounts are formulas where a reader would trace them. Never here: rules of money.
"""

from collections.abc import Sequence
from typing import Any, get_args

from xlsxwriter.worksheet import Worksheet

from app.kpis.evaluation.rounding import digits_of
from app.labels.catalogue import label
from app.reports.excel.formats import WorkbookStyle, block_height, guarded, money_format, print_setup
from app.settlement.amounts.lines import StatementLine
from app.settlement.contracts.terms import Rounding
from app.settlement.files.formulas import product
from app.settlement.files.tidy_sheets import ratio
from app.settlement.files.wording import Words, percent

WIDTHS = (15, 46, 18, 26, 10, 18)
"""Characters of each column: kind, description, basis, rate, tax rate, amount."""
BASIS, RATE, TAX_RATE, AMOUNT = 2, 3, 4, 5


class StatementSheet:
    """Writes the sheet from top to bottom."""

    def __init__(self, style: WorkbookStyle, sheet: Worksheet, words: Words) -> None:
        """Take an empty sheet."""
        self._style = style
        self._sheet = sheet
        self._words = words
        self._statement = words.statement
        self._money = money_format(self._statement.currency, style.language, 0)
        self._row = 0
        self._bases: dict[tuple[Any, str], str] = {}
        """(session, party or goods) → cell of its amount."""

    def write(self) -> None:
        """Write everything."""
        for column, width in enumerate(WIDTHS):
            self._sheet.set_column(column, column, width)
        self._sheet.hide_gridlines(2)
        self._head()
        first, last = self._lines()
        tax = self._tax(first, last)
        self._payable(first, last, tax)
        self._deliverables()
        self._notes()
        print_setup(self._sheet, self._style, self._words.title(), self._words.period(), pages=1)
        self._sheet.set_portrait()

    def _text(self, column: int, text: str, **looks: Any) -> None:
        self._sheet.write_string(self._row, column, text, self._style.format(**guarded(text, looks)))

    def _head(self) -> None:
        words = self._words
        marks = [words.word("draft")] if self._statement.number is None else []
        marks += [words.word("edition.internal")] if words.internal else []
        title = words.title() + (f"　［{' / '.join(marks)}］" if marks else "")
        self._text(0, title, font_size=16, bold=True)
        self._sheet.set_row(0, 28)
        self._row = 2
        self._text(0, words.word("recipient", name=self._statement.brand_name), font_size=13, bold=True)
        for name, text in words.facts():
            self._text(RATE, name, font_color="#57606a")
            # A long name of the issuer runs to the left of its cell's end, over empty cells.
            self._text(AMOUNT, text, align="right")
            self._row += 1
        self._row += 1

    def _bar(self, heads: Sequence[str]) -> None:
        for column, head in enumerate(heads):
            self._sheet.write_string(self._row, column, head, self._style.header())
        self._sheet.set_row(self._row, block_height(self._style, *zip(heads, WIDTHS, strict=False)) + 4)
        self._row += 1

    def _lines(self) -> tuple[int, int]:
        """Write the lines and return the first and the last row of amounts, from 1 as formulas count."""
        words = self._words
        self._bar([words.word(f"column.{name}") for name in ("kind", "description", "basis", "rate", "tax_rate", "amount")])
        first = self._row + 1
        for line in self._statement.lines:
            self._line(line)
        return first, self._row

    def _line(self, line: StatementLine) -> None:
        words, style, sheet, row = self._words, self._style, self._sheet, self._row
        description = words.description(line)
        sheet.write_string(row, 0, words.kind(line), style.cell())
        sheet.write_string(row, 1, description, style.cell(**guarded(description, {"text_wrap": True})))
        formula = self._source(line) or self._share(line)
        if line.tax_rate is None:
            sheet.write_string(row, TAX_RATE, words.word("untaxed"), style.cell(align="right"))
        else:
            sheet.write_number(row, TAX_RATE, ratio(line.tax_rate), style.cell(num_format="0.##%", align="right"))
        amount = style.cell(num_format=self._money, shrink=True)
        if formula is None:
            sheet.write_number(row, AMOUNT, line.amount, amount)
        else:
            sheet.write_formula(row, AMOUNT, formula, amount, line.amount)
        if line.kind in {"goods", "share"}:
            self._bases[line.session, line.to or ""] = f"F{row + 1}"
        sheet.set_row(row, block_height(style, (description, WIDTHS[1]), (words.kind(line), WIDTHS[0])))
        self._row += 1

    def _source(self, line: StatementLine) -> str | None:
        """Write net GMV and exchange rate of goods; return the formula of the yen."""
        style, source, row = self._style, line.source, self._row
        if source is None:
            self._sheet.write_blank(row, BASIS, None, style.cell())
            self._sheet.write_blank(row, RATE, None, style.cell())
            return None
        shown = money_format(source.currency, style.language, digits_of(source.currency))
        amount = float(source.amount)
        self._sheet.write_number(row, BASIS, amount, style.cell(num_format=shown, shrink=True))
        if source.rate is None:
            self._sheet.write_blank(row, RATE, None, style.cell())
            return None
        rate = float(source.rate)
        digits = "0." + "0" * max(2, len(source.rate.partition(".")[2]))
        shown = f'{digits}" ({source.rate_date} {source.rate_kind})"'
        self._sheet.write_number(row, RATE, rate, style.cell(num_format=shown, align="right", shrink=True))
        if line.kind != "goods":
            return None
        return product((f"C{row + 1}", f"D{row + 1}"), (amount, rate), line.amount, "floor")

    def _share(self, line: StatementLine) -> str | None:
        """Write base and rate of a share or of a withheld tax; return the formula of its amount."""
        if line.base is None or line.rate is None:
            return None
        style, row = self._style, self._row
        base = self._bases.get((line.session, "")) if line.kind == "share" else None
        cell = style.cell(num_format=self._money, shrink=True)
        if base is None:
            self._sheet.write_number(row, BASIS, line.base, cell)
        else:
            self._sheet.write_formula(row, BASIS, f"={base}", cell, line.base)
        rate = ratio(line.rate) or 0.0
        self._sheet.write_number(row, RATE, rate, style.cell(num_format="0.00####%", align="right"))
        rule = self._rounding(line)
        return product((f"C{row + 1}", f"D{row + 1}"), (float(line.base), rate), line.amount, rule, -1)

    def _rounding(self, line: StatementLine) -> Rounding:
        """Return the rule by which the share was rounded; the client edition has no terms, and tries each."""
        base, rate = float(line.base or 0), ratio(line.rate) or 0.0
        rules: tuple[Rounding, ...] = get_args(Rounding)
        return next((rule for rule in rules if product(("A1", "A1"), (base, rate), line.amount, rule, -1)), "floor")

    def _sum(self, label: str, formula: str, value: int, **looks: Any) -> str:
        """Write a row with a sum and return the cell of its amount."""
        style, row = self._style, self._row
        self._sheet.merge_range(row, 0, row, TAX_RATE, "", style.label())
        self._sheet.write_string(row, 0, label, style.label())
        cell = style.cell(num_format=self._money, bg_color="#e9eff6", shrink=True, **looks)
        self._sheet.write_formula(row, AMOUNT, formula, cell, value)
        self._row += 1
        return f"F{row + 1}"

    def _tax(self, first: int, last: int) -> str:
        """Write subtotal and tax and return the cells of the tax."""
        words, found = self._words, self._statement
        subtotal = found.totals.payable_to_brand + found.totals.tax
        self._sum(words.word("subtotal"), f"={_total(first, last)}", subtotal, bold=True)
        cells = []
        for tax in found.tax:
            rate = percent(tax.rate)
            base = self._sum(
                words.word("tax.base", rate=rate), f"=-SUMIFS(F{first}:F{last},E{first}:E{last},{ratio(tax.rate)!r})", tax.base
            )
            formula = product(
                (base, repr(ratio(tax.rate))), (float(tax.base), ratio(tax.rate) or 0.0), tax.amount, found.tax_rounding
            )
            cells.append(self._sum(words.word("tax.amount", rate=rate), formula or f"={tax.amount}", tax.amount))
        return "-".join(["", *cells])

    def _payable(self, first: int, last: int, tax: str) -> None:
        label = self._words.payable()[0]
        payable = self._statement.totals.payable_to_brand
        formula = f"={_total(first, last)}{tax}"
        self._sum(label if payable >= 0 else f"−{label}", formula, payable, bold=True, font_size=12)
        self._row += 1

    def _deliverables(self) -> None:
        words, found = self._words, self._statement.deliverables
        if not found:
            return
        self._bar([words.word("section.deliverables"), "", words.word("column.agreed"), words.word("column.done")])
        self._sheet.merge_range(self._row - 1, 0, self._row - 1, 1, words.word("section.deliverables"), self._style.header())
        for kind in found:
            name = words.word(f"deliverable.{kind.kind}")
            self._sheet.merge_range(self._row, 0, self._row, 1, name, self._style.cell())
            self._sheet.write_number(self._row, 2, kind.agreed, self._style.cell())
            self._sheet.write_number(self._row, 3, kind.done, self._style.cell())
            self._row += 1
        self._row += 1

    def _notes(self) -> None:
        words = self._words
        for missing in self._statement.missing:
            self._text(
                0,
                label("report.pair", words.language).format(label=words.word("section.missing"), value=words.missing(missing)),
                font_color="#8a4500",
            )
            self._row += 1
        for note in words.notes():
            looks = {"font_color": "#57606a", "font_size": 9, "text_wrap": True, "valign": "top"}
            self._sheet.merge_range(self._row, 0, self._row, AMOUNT, note, self._style.format(**looks))
            self._sheet.set_row(self._row, block_height(self._style, (note, sum(WIDTHS))))
            self._row += 1


def _total(first: int, last: int) -> str:
    """Return the sum of the lines' amounts; a range of no row would hold the sum itself."""
    return f"SUM(F{first}:F{last})" if last >= first else "0"
