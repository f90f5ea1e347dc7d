"""The list of contents of one carton (装箱单).

In: a carton with its pieces. Out: a sheet. Never here: other cartons.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell

from app.events.characters import clean_text
from app.labels.catalogue import label
from app.logistics.sheet import Column, Sheet
from app.reports.excel.formats import WorkbookStyle, block_height
from app.reports.excel.rows import RowSheet

_ITEMS = (
    Column("order.product", 18), Column("order.sku", 14), Column("packing.description", 40), Column("packing.material", 22),
    Column("packing.hs_code", 14), Column("packing.origin", 10), Column("packing.units", 10), Column("packing.net_weight", 12),
    Column("packing.net_weight_total", 14),
)  # fmt: skip
_UNITS, _WEIGHT, _TOTAL = 6, 7, 8
_SIDES = re.compile(r"\s*(\d+(?:\.\d+)?)\s*[xX×*]\s*(\d+(?:\.\d+)?)\s*[xX×*]\s*(\d+(?:\.\d+)?)\s*(cm|mm)\s*")
_CUBIC = {"cm": 6, "mm": 9}


class ItemRow(NamedTuple):
    """Pieces of a product and SKU, with its customs data."""

    product: str
    sku: str | None
    name: str
    quantity: int
    customs: Mapping[str, Any]


class CartonContent(NamedTuple):
    """A carton; customers are (pseudonym, orders, pieces)."""

    number: int
    gross_weight_g: int | None
    size: str | None
    items: Sequence[ItemRow]
    customers: Sequence[tuple[str, str, int]]


def cubic_metres(size: str | None) -> Decimal | None:
    """Return the volume of a size such as `60x40x40 cm`; None if the text does not say it.

    >>> cubic_metres("60x40x40 cm")
    Decimal('0.096000')
    """
    found = _SIDES.fullmatch(size or "")
    if found is None:
        return None
    return (Decimal(found[1]) * Decimal(found[2]) * Decimal(found[3])).scaleb(-_CUBIC[found[4]])


def write_carton(style: WorkbookStyle, worksheet: RowSheet, carton: CartonContent, title: str) -> None:
    """Write the sheet of a carton: what it is, its pieces with weights, and whose they are."""
    sheet = Sheet(style, worksheet, _ITEMS)
    language = style.language
    sheet.heading(label("packing.contents", language).format(number=carton.number))
    sheet.text(title)
    unknown = label("packing.unknown", language)
    volume = cubic_metres(carton.size)
    gross = None if carton.gross_weight_g is None else Decimal(carton.gross_weight_g) / 1000
    facts = (
        ("packing.gross_weight", unknown if gross is None else f"{gross:,.2f} kg"),
        ("packing.size", carton.size or unknown),
        ("packing.volume", unknown if volume is None else f"{volume:.3f} m³"),
    )
    pair = label("report.pair", language)
    sheet.text("　".join(pair.format(label=label(key, language), value=value) for key, value in facts))
    sheet.begin(filtered=False)
    first, weight = sheet.place, 0
    for item in carton.items:
        customs = item.customs
        names = [name for name in (customs.get("name_zh"), customs.get("name_en")) if name] or [item.name]
        net = customs.get("net_weight_g")
        sheet.row(
            (item.product, item.sku, "\n".join(names), customs.get("material"), customs.get("hs_code"), customs.get("origin"),
             item.quantity, net, None if net is None else net * item.quantity)
        )  # fmt: skip
        weight += (net or 0) * item.quantity
    if carton.items:
        _totals(sheet, first, sum(item.quantity for item in carton.items), weight)
    if any(item.customs.get("net_weight_g") is None for item in carton.items):
        sheet.text(label("packing.weight_incomplete", language))
    sheet.skip()
    _customers(sheet, carton)


def _totals(sheet: Sheet, first: int, units: int, weight: int) -> None:
    style, place = sheet.style, sheet.place
    looks = style.cell(bold=True, indent=1)
    number = style.cell(bold=True, num_format="#,##0")
    sheet.sheet.write_string(place, 0, label("packing.total", style.language), looks)
    for column in range(1, _TOTAL):
        if column != _UNITS:
            sheet.sheet.write_blank(place, column, None, looks)
    for column, value in ((_UNITS, units), (_TOTAL, weight)):
        cells = f"{xl_rowcol_to_cell(first, column)}:{xl_rowcol_to_cell(place - 1, column)}"
        sheet.sheet.write_formula(place, column, f"=SUM({cells})", number, value)
    sheet.place += 1


def _customers(sheet: Sheet, carton: CartonContent) -> None:
    style, worksheet = sheet.style, sheet.sheet
    width = sum(column.width for column in _ITEMS[1:_UNITS])
    heads = [label(key, style.language) for key in ("packing.customer", "packing.orders", "packing.units")]
    rows: list[tuple[str, str, str | int, Format]] = [(*heads, style.header())]
    rows += [(*customer, style.cell(text_wrap=True, indent=1)) for customer in carton.customers]
    for customer, orders, units, looks in rows:
        worksheet.set_row(sheet.place, block_height(style, (orders, width), (customer, _ITEMS[0].width)))
        worksheet.write_string(sheet.place, 0, customer, looks)
        worksheet.merge_range(sheet.place, 1, sheet.place, _UNITS - 1, clean_text(orders), looks)
        if isinstance(units, int):
            worksheet.write_number(sheet.place, _UNITS, units, style.cell(num_format="#,##0"))
        else:
            worksheet.write_string(sheet.place, _UNITS, units, looks)
        sheet.place += 1
