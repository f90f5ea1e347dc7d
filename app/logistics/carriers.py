"""Files for carriers, keyed by order number: ヤマト B2クラウド.

In: a session's packing list. Out: a CSV file. Never here: addresses, which are not stored: their columns stay empty.

The layout is B2クラウド's 基本レイアウト: Shift_JIS as Windows writes it (cp932), CRLF, a heading row. The number of the parcel
comes back under お客様管理番号 and is imported (docs/reference/logistics.md).
"""

import csv
import io
from collections.abc import Iterable
from datetime import date
from typing import IO

from app.events.characters import clean_text
from app.kpis.documents.render import zone_of
from app.kpis.reading.computation import compute
from app.kpis.reading.session_reader import SessionQuery, read_head, snapshot
from app.logistics.packing import PackedCustomer, PackingList
from app.logistics.reader import batches
from app.storage.database import Database

_COLUMNS = (
    "お客様管理番号", "送り状種類", "クール区分", "伝票番号", "出荷予定日", "お届け予定日", "配達時間帯", "お届け先コード",
    "お届け先電話番号", "お届け先電話番号枝番", "お届け先郵便番号", "お届け先住所", "お届け先アパートマンション名",
    "お届け先会社・部門１", "お届け先会社・部門２", "お届け先名", "お届け先名(ｶﾅ)", "敬称", "ご依頼主コード", "ご依頼主電話番号",
    "ご依頼主電話番号枝番", "ご依頼主郵便番号", "ご依頼主住所", "ご依頼主アパートマンション", "ご依頼主名", "ご依頼主名(ｶﾅ)",
    "品名コード１", "品名１", "品名コード２", "品名２", "荷扱い１", "荷扱い２", "記事",
)  # fmt: skip
_PLACES = {name: place for place, name in enumerate(_COLUMNS)}
_NAME_BYTES, _CODE_BYTES, _REMARK_BYTES = 50, 30, 44
"""Bytes that a name, a code and a remark have on the label."""
PREPAID = "0"
"""発払い."""
MISSING = "〓"
"""The printers' mark for a missing character: written for what Shift_JIS lacks."""
_SAME = str.maketrans({"〜": "～", "−": "－", "—": "―", "‖": "∥", "¥": "￥", "·": "・", "\u00a0": " "})
"""Characters that Windows' Shift_JIS has under another number."""


async def write_yamato(database: Database, asked: SessionQuery, ship_on: date | None, file: IO[bytes]) -> str:
    """Write a row per order that is to be sent, by customer; return the session's title.

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    packing = PackingList(asked.language)
    async with snapshot(database, asked.brand) as connection:
        head = await read_head(connection, asked)
        day = ship_on or asked.now.astimezone(zone_of(head.time_zone)).date()
        file.write(_encoded([_COLUMNS]))
        async for customers, _ in batches(connection, head, packing):
            file.write(await compute(len(customers), _rows, packing, customers, day))
    return head.title


def _rows(packing: PackingList, customers: Iterable[PackedCustomer], day: date) -> bytes:
    return _encoded(row for customer in customers for row in _rows_of(packing, customer, day))


def _rows_of(packing: PackingList, customer: PackedCustomer, day: date) -> Iterable[list[str]]:
    for order in customer.orders:
        lines = packing.lines(order.items)
        row = [""] * len(_COLUMNS)
        filled = {"お客様管理番号": order.order, "送り状種類": PREPAID, "クール区分": "0", "出荷予定日": f"{day:%Y/%m/%d}"}
        for line, number in zip(lines, ("１", "２"), strict=False):
            filled |= {f"品名コード{number}": cut(line["product"], _CODE_BYTES), f"品名{number}": cut(line["name"], _NAME_BYTES)}
        filled["記事"] = cut(f"{customer.customer} {sum(order.items.values())}点", _REMARK_BYTES)
        for name, text in filled.items():
            row[_PLACES[name]] = shift_jis(text)
        yield row


def shift_jis(text: str) -> str:
    """Return a text of characters that Windows' Shift_JIS has; any other is a mark that is seen.

    >>> shift_jis("针织衫 〜 A")
    '〓〓衫 ～ A'
    """
    return "".join(sign if _has(sign) else MISSING for sign in clean_text(text).translate(_SAME))


def cut(text: str, most: int) -> str:
    """Return what fits into so many bytes, without half a character."""
    return shift_jis(text).encode("cp932")[:most].decode("cp932", "ignore")


def _has(sign: str) -> bool:
    try:
        sign.encode("cp932")
    except UnicodeEncodeError:
        return False
    return True


def _encoded(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("cp932")
