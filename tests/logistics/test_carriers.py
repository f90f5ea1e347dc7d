"""Files for carriers, and the command that writes them."""

import csv
import io
import json
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from openpyxl import load_workbook

from app.logistics.carriers import cut, shift_jis
from tests.cli.shell import call
from tests.databases import SECRET
from tests.kpis.event_builders import NewSession, Read, Send, paid


@pytest.fixture
async def session(new_session: NewSession, send: Send) -> str:
    """A session with two customers, one of them with two orders, and a cancelled order."""
    made = await new_session(lineup=[{"product": "knit", "name": "針織衫 针织衫 〜"}, {"product": "coat", "name": "コート" * 20}])
    await send(
        "wechat:room",
        paid(1, "3705115058471208928", "b1", ("knit", 2, "200.00"), ("coat", 1, "500.00")),
        paid(2, "A,2", "b1", ("knit", 1, "100.00")),
        paid(3, "B-1", "b2", ("knit", 1, "100.00")),
        paid(4, "C-1", "b3", ("knit", 1, "100.00")),
        ("order.cancelled", 5, {"order": "C-1"}),
    )
    return made


async def test_the_carrier_reads_a_row_per_order(client: httpx.AsyncClient, session: str, read: Read) -> None:
    """Shift_JIS, CRLF, a heading row, the order's number in front, addresses empty; what Shift_JIS lacks is a mark."""
    answer = await client.get(f"/v1/sessions/{session}/packing-list.csv", params={"ship_on": "2021-10-01"})
    assert (200, "text/csv; charset=Shift_JIS") == (answer.status_code, answer.headers["content-type"])
    text = answer.content.decode("cp932")
    assert text.count("\r\n") == text.count("\n") == 4
    rows = {row["お客様管理番号"]: row for row in csv.DictReader(io.StringIO(text))}
    assert {"3705115058471208928", "A,2", "B-1"} == set(rows)
    customers = {order: one["customer"] for one in (await read(session, "packing-list"))["customers"] for order in one["orders"]}
    row = rows["3705115058471208928"]
    assert ("0", "2021/10/01", "", "") == (row["送り状種類"], row["出荷予定日"], row["伝票番号"], row["お届け先住所"])
    assert ("コート" * 8 + "コ", "針織衫 〓〓衫 ～") == (row["品名１"], row["品名２"])
    assert f"{customers['3705115058471208928']} 3点" == row["記事"]
    unknown = await client.get(f"/v1/sessions/{session}/packing-list.csv", params={"carrier": "pigeon"})
    assert 422 == unknown.status_code


def test_no_text_is_longer_than_its_field_and_none_breaks_a_character() -> None:
    """Half-width and full-width characters, and those that the encoding lacks."""
    assert "aニ" * 16 + "a" == cut("aニ" * 40, 50)[:33]
    assert all(len(cut(text * 60, 44).encode("cp932")) in {43, 44} for text in ("ニ", "a", "aニ", "针", "😀"))
    assert "〓￥―" == shift_jis("😀¥—")


def test_the_command_writes_what_the_server_sends(session: str, database_url: str, tmp_path: Path) -> None:
    """By the file's ending: a workbook, JSON, the carrier's file; mistakes end with an error."""
    env = {"TALLYLIGHT_DATABASE_URL": database_url, "TALLYLIGHT_SECRET_KEY": SECRET}
    for name in ("list.xlsx", "list.json", "list.csv"):
        done = call("packing-list", session, "-o", name, "--lang", "en", env=env, cwd=tmp_path)
        assert (0, "") == (done.exit_code, done.stdout), done.stderr
    assert ["By customer", "Pick list", "Excluded, checks"] == load_workbook(tmp_path / "list.xlsx").sheetnames
    assert 2 == len(json.loads((tmp_path / "list.json").read_bytes())["customers"])
    assert (tmp_path / "list.csv").read_bytes().decode("cp932").startswith("お客様管理番号,")
    assert 2 == call("packing-list", session, "-o", "list.pdf", env=env, cwd=tmp_path).exit_code
    assert 1 == call("packing-list", uuid4(), "-o", "list.json", env=env, cwd=tmp_path).exit_code
