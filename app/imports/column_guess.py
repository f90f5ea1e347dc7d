"""Which column of an export is which field: guessed from the headings, and from the cells where the headings do not say it.

In: headings, and the rows below them. Out: field → column, and the fields that must be asked for. Never here: bytes; a guess
where two columns would do.

What a wrong column would falsify without a sign is not guessed from cells: which of two codes is the product's, and what a column
of amounts adds up to while no order with several rows shows it.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

from app.imports.cell_times import BadTime, read_time
from app.imports.column_names import NAMES, ONLY_BESIDE
from app.imports.column_survey import says_total
from app.imports.csv_cells import EMPTY
from app.imports.table_heading import clean

Basis = Literal["name", "content"]
NEEDED: Mapping[str, Sequence[Sequence[str]]] = {
    "orders": (("order",), ("product",), ("quantity",), ("paid_at",), ("line_amount", "unit_price", "amount")),
    "audience": (("time",),),
    "tracking": (("order",), ("tracking",)),
    "products": (("code",),),
    "exchange_rates": (("date",), ("from",), ("to",), ("kind",), ("rate",), ("source",)),
}
"""By kind of import: groups of fields, of each of which one is needed."""
_IGNORED = re.compile(r"[\s_\-・.:：#/]|[(（\[【][^)）\]】]*[)）\]】]")
_ORDER_NUMBER = re.compile(r"#?[A-Za-z0-9_-]*\d{6,}[A-Za-z0-9_-]*")
_PIECES = re.compile(r"[1-9]\d{0,3}")
_AMOUNT = re.compile(r"-?[¥￥$€]?\s*\d[\d,]*(\.\d{2})?\s*[元円圆]?|-?\d+,\d{2}")
_SIGNED_AMOUNT = re.compile(r".*([¥￥$€元円圆]|[.,]\d{2})\s*$|^-?[¥￥$€].*")
_OTHER_MONEY = re.compile(
    r"运费|送料|shipping|邮费|税|tax|优惠|折扣|割引|discount|クーポン|coupon|券|手续费|手数料|fee|退款|返金|refund"
)
"""In the heading of a column of amounts that no product cost."""
_REDUCED = re.compile(r"优惠|折扣|割引|値引|discount|クーポン|coupon|券|应付|实付|实收|請求|成交")
"""In the heading of a column that says that less was paid than the price of the pieces."""
_OTHER_TIME = re.compile(r"导出|打印|出力|印刷|export|print|备注|备考|備考")
_NOT_PAID_THEN = re.compile(
    rf"^(?!.*(?:支付|付款|支払|決済|入金|paid|payment)).*(?:{_OTHER_TIME.pattern}"
    r"|截止|期限|预计|預計|预约|预售|承诺|最晚|最迟|予定|予約|指定|希望|有効|有效|到期|deadline|due|expir|estimated|expected|promise|until|latest"
    r"|生日|生年月日|誕生日|出生|birth|注册|登録|会員|会员|入会|register|registra|joined|member"
    r"|完成|完了|关闭|結束|结束|complete|closed|finish|评价|評価|review|发票|請求書|invoice|退款|返金|refund|售后|取消|キャンセル|cancel"
    r"|发货|發貨|出荷|発送|ship|fulfil|签收|收货|配達|配送|到着|送达|deliver|修改|更新|変更|update|modif)"
)
"""In the heading of a time that is not that of the payment."""
_OTHER_NUMBER = re.compile(
    r"电话|電話|手机|手機|携帯|phone|tel|mobile|fax|邮编|郵便|zip|post|身份证|证件|卡号|card|会员|会員|member|运单|快递|物流|追跡|伝票|tracking"
    r"|条码|条形码|jan|ean|upc|barcode|商品|产品|product|item|sku|店|shop|store|发票|invoice|税|口座|account|用户|買家|买家|buyer|customer"
)
"""In the heading of a number that is not that of the order."""
_OTHER_COUNT = re.compile(
    r"等级|級別|级别|ランク|rank|level|grade|年龄|年齢|age|库存|在庫|stock|inventory|次数|回数|times|积分|ポイント|point|期数|編號|编号|序号|番号|no$|id$"
    r"|コード|code|退|返品|返金|return|refund|取消|cancel|赠|贈|ギフト|gift|日数|days|天数|税|tax|率|rate|比例|重|weight|门店|店舗|store|箱|carton"
    r"|年$|月$|year|month|评分|評価|score|rating|限购|上限|limit"
)
"""In the heading of a count that is not that of the pieces."""
_OTHERS = {"order": _OTHER_NUMBER, "paid_at": _NOT_PAID_THEN, "quantity": _OTHER_COUNT, "time": _OTHER_TIME}
_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class GuessedColumn:
    """The column of a field."""

    heading: str
    by: Basis


@dataclass(frozen=True, slots=True)
class SeenRows:
    """What was looked at of a file."""

    headings: Sequence[str]
    """As mapped: the second of two equal headings is `heading#2`; empty for a column without one."""
    rows: Sequence[Sequence[str]]
    """Cells below the headings, from the first column."""
    whole: bool
    """Whether these are all rows of the file."""


def known_names(kind: str, cells: Iterable[str]) -> int:
    """Return how many fields of a kind of import a row names."""
    if kind not in NAMES:
        return 0
    meaning = _meaning(kind)
    return len({meaning[name][0] for name in map(_plain, cells) if name in meaning})


def guess(kind: str, seen: SeenRows, chosen: Mapping[str, str | None]) -> dict[str, GuessedColumn]:
    """Return the columns of fields that are not chosen; a chosen field, and one that is said to have no column, is left alone."""
    found = _by_name(kind, seen.headings, chosen)
    taken = {heading for heading in chosen.values() if heading is not None} | {one.heading for one in found.values()}
    # The price of a piece alone is what was paid only if nothing in the file reduces it.
    paid = {"line_amount", "amount"} & {*found, *(name for name, at in chosen.items() if at)}
    if not paid and any(_REDUCED.search(_plain(heading)) for heading in seen.headings if heading not in taken):
        found.pop("unit_price", None)
    rows = [row for row in seen.rows if not any(says_total(cell) for cell in row)]
    free = {heading: _cells(rows, index) for index, heading in enumerate(seen.headings) if heading and heading not in taken}
    for field, fits in _CONTENT.get(kind, {}).items():
        if field not in found and field not in chosen:
            fitting = [heading for heading, cells in free.items() if cells and fits(cells)]
            fitting = [heading for heading in fitting if not _OTHERS[field].search(_plain(heading))]
            if len(fitting) == 1:
                found[field] = GuessedColumn(fitting[0], "content")
                del free[fitting[0]]
    if kind == "orders" and not {"line_amount", "unit_price", "amount"} & {*found, *(name for name, at in chosen.items() if at)}:
        _amounts(seen, free, found, chosen)
    return found


def missing(kind: str, fields: Iterable[str]) -> list[list[str]]:
    """Return the groups of needed fields of which none is there."""
    there = set(fields)
    return [list(group) for group in NEEDED.get(kind, ()) if there.isdisjoint(group)]


def _plain(heading: str) -> str:
    return _IGNORED.sub("", unicodedata.normalize("NFKC", clean(heading)).casefold())


@cache
def _meaning(kind: str) -> Mapping[str, tuple[str, int]]:
    """Return heading, as compared → its field and its rank."""
    return {_plain(name): (field, rank) for field, names in NAMES[kind].items() for rank, name in reversed([*enumerate(names)])}


def _by_name(kind: str, headings: Sequence[str], chosen: Mapping[str, str | None]) -> dict[str, GuessedColumn]:
    meaning, plain = dict(_meaning(kind)), [_plain(heading) for heading in headings]
    for (of_kind, name), (field, proof) in ONLY_BESIDE.items():
        if of_kind == kind and any(heading.startswith(proof) for heading in plain):
            meaning[name] = (field, 0)
    named: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for heading, compared in zip(headings, plain, strict=True):
        field, rank = meaning.get(compared, ("", 0))
        if field and field not in chosen and heading not in chosen.values():
            named[field].append((rank, heading))
    found = {}
    for field, places in named.items():
        (rank, heading), *others = sorted(places)
        # Two columns of one name: the file does not say which one is meant.
        if not any(other == rank for other, _ in others):
            found[field] = GuessedColumn(heading, "name")
    return found


def _cells(rows: Iterable[Sequence[str]], index: int) -> list[str]:
    """Return what a column holds, without empty cells."""
    cells = (clean(row[index]) if index < len(row) else "" for row in rows)
    return [cell for cell in cells if cell not in EMPTY]


def _are_times(cells: Sequence[str]) -> bool:
    return all(_is_time(cell) for cell in cells)


def _is_time(cell: str) -> bool:
    # A bare number may be a time of a spreadsheet or of Unix, and anything else: its heading has to say so.
    if cell.replace(".", "").isdigit():
        return False
    for order in ("ymd", "dmy", "mdy"):
        try:
            read_time(cell, _ZONE, order, exact_serials=False)
        except (BadTime, ValueError):
            continue
        return True
    return False


def _are_order_numbers(cells: Sequence[str]) -> bool:
    return all(_ORDER_NUMBER.fullmatch(cell) for cell in cells) and not _are_times(cells)


def _are_pieces(cells: Sequence[str]) -> bool:
    # 1, 2, 3, … numbers the rows.
    counted = len(cells) > 2 and cells == [str(number) for number in range(1, len(cells) + 1)]
    return all(_PIECES.fullmatch(cell) for cell in cells) and not counted


_CONTENT: Mapping[str, Mapping[str, Callable[[Sequence[str]], bool]]] = {
    "orders": {"order": _are_order_numbers, "paid_at": _are_times, "quantity": _are_pieces},
    "audience": {"time": _are_times},
}


def _amounts(
    seen: SeenRows, free: Mapping[str, list[str]], found: dict[str, GuessedColumn], chosen: Mapping[str, str | None]
) -> None:
    """Find the one column of amounts, and whether it holds those of lines: an order's rows show it.

    Where several pieces are in a row, the column may as well hold the price of one.
    """
    columns = [heading for heading, cells in free.items() if cells and _are_amounts(cells)]
    columns = [heading for heading in columns if not _OTHER_MONEY.search(_plain(heading))]
    order, pieces = (found[name].heading if name in found else chosen.get(name) for name in ("order", "quantity"))
    if len(columns) != 1 or {"line_amount", "unit_price", "amount"} & chosen.keys() or {order, pieces} - {*seen.headings}:
        return
    at, key, count = (seen.headings.index(str(heading)) for heading in (columns[0], order, pieces))
    by_order: dict[str, list[str]] = defaultdict(list)
    for row in seen.rows:
        if max(at, key, count) < len(row) and row[key].strip():
            if clean(row[count]) != "1":
                return
            by_order[clean(row[key])].append(clean(row[at]))
    several = [amounts for amounts in by_order.values() if len(amounts) > 1]
    if any(len(set(amounts)) > 1 for amounts in several):
        found["line_amount"] = GuessedColumn(columns[0], "content")
    elif not several and seen.whole:
        found["amount"] = GuessedColumn(columns[0], "content")


def _are_amounts(cells: Sequence[str]) -> bool:
    return all(_AMOUNT.fullmatch(cell) for cell in cells) and all(_SIGNED_AMOUNT.match(cell) for cell in cells)
