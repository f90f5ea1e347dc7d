"""The styles of the workbook: formats, widths of texts, the printed page.

In: a language, a currency. Out: formats and settings. Never here: contents of cells.
"""

import math
import unicodedata
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from app.events.characters import FORMULA_SIGNS
from app.kpis.documents.render import Document
from app.kpis.evaluation.metrics import Unit
from app.kpis.evaluation.number_format import RETURNS
from app.kpis.evaluation.rounding import digits_of
from app.labels.catalogue import Language, label
from app.labels.notation import money_pattern

NAVY, PALE, INK, RULE, QUIET = "#1f3a5f", "#e9eff6", "#1b1f24", "#9aa5b1", "#57606a"
FONTS: dict[Language, str] = {"ja": "Yu Gothic", "zh": "Microsoft YaHei", "en": "Arial"}
"""What Excel has on the readers' machines; others fall back to a font of the same script."""
LINES: dict[Language, int] = {"ja": 17, "zh": 16, "en": 14}
"""Points of one line of text in these fonts, of size 10; Yu Gothic is 1.7 times as high as its size."""
MOST_POINTS = 409
"""Excel's highest row."""

_LONGEST = 32_767
"""Characters that a cell of Excel holds."""


class WorkbookStyle:
    """A workbook with the formats of a language."""

    def __init__(self, book: Workbook, language: Language, currency: str) -> None:
        """Take the workbook over."""
        self.book = book
        self.language = language
        self.currency = currency
        self.amount = money_format(currency, language, digits_of(currency))
        self.line = LINES[language]
        self._formats: dict[tuple[tuple[str, Any], ...], Format] = {}

    def format(self, **properties: Any) -> Format:
        """Return a format of these properties on top of the font; equal ones are one."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            base = {"font_name": FONTS[self.language], "font_size": 10, "font_color": INK, "valign": "vcenter"}
            self._formats[key] = self.book.add_format(base | properties)
        return self._formats[key]

    def cell(self, **properties: Any) -> Format:
        """Return a format of a cell of a table."""
        return self.format(border=1, border_color=RULE, **properties)

    def label(self) -> Format:
        """Return the format of a figure's name."""
        return self.cell(bg_color=PALE, text_wrap=True, indent=1)

    def header(self) -> Format:
        """Return the format of a table's head."""
        return self.cell(bg_color=PALE, bold=True, align="center", text_wrap=True)

    def bar(self) -> Format:
        """Return the format of a section's title."""
        return self.cell(bg_color=NAVY, font_color="#ffffff", bold=True, font_size=11, indent=1)


def number_format(unit: str, value: float | str | None, currency: str, language: Language, slug: str = "") -> str:
    """Return the number format that shows a value as `kpis.evaluation.number_format` does: 18,052, 5.20%, 10.57分, 481,888元."""
    if unit == Unit.MONEY:
        whole = not str(value).partition(".")[2].strip("0")
        return money_format(currency, language, 0 if whole else digits_of(currency))
    if unit == Unit.RATIO:
        return "#,##0.00" if slug in RETURNS else "#,##0.00%"
    if unit == Unit.SECONDS:
        minutes = _in_minutes(value, slug)
        return f'#,##0.00"{label("unit.minutes", language)}"' if minutes else f'0.0"{label("unit.seconds", language)}"'
    if unit == Unit.HOURS:
        return f'#,##0.0"{label("unit.hours", language)}"'
    return "#,##0.00" if slug == "units_per_buyer" else "#,##0"


def money_format(currency: str, language: Language, digits: int) -> str:
    """Return the number format of an amount in the notation of a language."""
    before, after = (f'"{text}"' if text else "" for text in money_pattern(currency, language).split("{amount}"))
    return f"{before}#,##0{'.' if digits else ''}{'0' * digits}{after}"


def number_of(figure: Document, slug: str = "") -> float:
    """Return a figure's value as the number that its format shows: minutes if seconds are shown as minutes."""
    value = float(figure["value"])
    return value / 60 if figure["unit"] == Unit.SECONDS and _in_minutes(value, slug) else value


def _in_minutes(value: float | str | None, slug: str) -> bool:
    return slug == "average_watch_seconds" or (value is not None and float(value) >= 60)


def write_text(style: WorkbookStyle, sheet: Worksheet, row: int, column: int, text: str | None, **properties: Any) -> None:
    """Write a text as text, whatever it looks like."""
    if not text:
        sheet.write_blank(row, column, None, style.cell(**properties))
        return
    sheet.write_string(row, column, cell_text(text, style.language), style.cell(**guarded(text, properties)))


def cell_text(text: str, language: Language) -> str:
    """Return what a cell holds of a text: all of it, or its begin and a sentence that says where the whole text is."""
    if len(text) <= _LONGEST:
        return text
    rest = "\n" + label("report.cut", language)
    return text[: _LONGEST - len(rest)] + rest


def guarded(text: str, properties: dict[str, Any]) -> dict[str, Any]:
    """Return properties of a text's format: one that looks like a formula keeps its quote when it is edited."""
    return properties | {"quote_prefix": True} if text.startswith(FORMULA_SIGNS) else properties


def width_of(text: str) -> int:
    """Return how wide a line is, in Latin characters: a CJK one is two."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(sign) in "WFA" else 1 for sign in text)


def lines_of(text: str, width: float) -> int:
    """Return into how many lines a text is broken; a little too many rather than too few, since nothing may be cut.

    A column of so many characters is 7 pixels a character wide, of which an indent takes 9; half a CJK character of size 10
    takes 6.7, and what does not fit at a line's end is left free.
    """
    usable = max(1.0, (7 * width - 9) / 6.7 * 0.96)
    return sum(max(1, math.ceil(width_of(line) / usable)) for line in text.split("\n"))


def block_height(style: WorkbookStyle, *texts: tuple[str, float]) -> int:
    """Return the points that a block needs whose texts stand side by side, each in its width."""
    return max([1, *(lines_of(text, width) for text, width in texts)]) * style.line + 6


def print_setup(
    sheet: Worksheet, style: WorkbookStyle, title: str, as_of: str, *, wide: int = 1, pages: int = 0, scale: int | None = None
) -> None:
    """Print on A4 across with title, time and page number.

    Args:
        sheet: what to print.
        style: the workbook's.
        title: of the header.
        as_of: for the footer.
        wide: pages to fit the width into.
        pages: to fit the height into; 0: as many as it takes.
        scale: in percent instead; Excel then honours page breaks, which it may ignore while it fits.
    """
    sheet.set_landscape()
    sheet.set_paper(9)
    if scale is None:
        sheet.fit_to_pages(wide, pages)
    else:
        sheet.set_print_scale(scale)
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    sheet.center_horizontally()
    # The blank ends the size: a digit of the text would go on with it.
    font = f'&"{FONTS[style.language]}"&8 '
    # & begins a code of Excel's there, and a header holds 255 characters.
    sheet.set_header(f"&L{font}{title.replace('&', '&&')[:180]}&R{font}Tallylight")
    number = label("report.page", style.language).format(page="&P", pages="&N")
    sheet.set_footer(f"&L{font}{as_of.replace('&', '&&')}&R{font}{number}")
