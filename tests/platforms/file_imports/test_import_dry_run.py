"""A dry run of an import answers what the import then does, and leaves nothing behind."""

import random
from collections.abc import Awaitable, Callable
from typing import Any, get_args

import asyncpg
import httpx
import pytest

from app.catalogue.access import Role
from app.imports.row_errors import RowError
from app.labels.catalogue import labels
from tests.conftest import KeyMaker
from tests.platforms.conftest import ROOM, Answer, Connect
from tests.platforms.import_files import AUDIENCE, options

HEADER = "订单号,买家,商品编码,数量,实付,支付时间"
Rows = Callable[[], Awaitable[Any]]


def export(*lines: str) -> str:
    """Return an export of orders."""
    return "\n".join((HEADER, *lines)) + "\n"


def line(order: str, product: str = "knit-01", pieces: int = 1, amount: str = "100.00", minute: int = 31) -> str:
    """Return a row of an export."""
    return f"{order},o-{order},{product},{pieces},{amount},2021-09-25 13:{minute:02}:07"


@pytest.fixture
def send(client: httpx.AsyncClient) -> Callable[..., Awaitable[Answer]]:
    """Send a file, as a dry run or to store it."""

    async def post(text: str | bytes, *, dry_run: bool, headers: dict[str, str] | None = None, **changes: Any) -> Answer:
        files, data = {"file": ("orders.csv", text)}, {"options": options(**changes)}
        params = {"dry_run": "true"} if dry_run else {}
        answer = await client.post("/v1/imports", files=files, data=data, params=params, headers=headers)
        assert 200 == answer.status_code, answer.text
        return dict(answer.json())

    return post


async def test_a_dry_run_says_what_the_import_does_and_stores_nothing(
    new_session: Connect, send: Callable[..., Any], rows: Rows, kpis: Callable[..., Any]
) -> None:
    """New, changed and unchanged orders, sums before and after, unknown codes with their money, and rows with the rule they break."""
    session = await new_session(("wechat", ROOM), lineup=[{"product": "knit-01"}])
    await send(export(line("1"), line("2", amount="50.00"), line("3")), dry_run=False)
    before = await rows()
    text = export(
        line("1"), line("2", amount="60.00"), line("4", "10000387", 2, "80.00"), line("5", "scarf", 1, "7.00"),
        line("5", "10000387", 1, "3.00"), line("6", amount="oops"), line("7", pieces=0).replace(",0,", ",一,"),
    )  # fmt: skip
    found = await send(text.encode("gb18030"), dry_run=True, exported_at="2021-09-26T00:00:00Z")
    assert before == await rows()
    assert (True, session["id"], "CNY") == (found["dry_run"], found["session"], found["currency"])
    assert {"new": 2, "changed": 1, "unchanged": 1, "paid": {"before": 3, "after": 5, "difference": 2}} == found["orders"]
    assert {"before": "250.00", "after": "350.00", "difference": "100.00"} == found["gmv"]
    assert {"before": 3, "after": 7, "difference": 4} == found["units"]
    assert [("10000387", 2, 3, "83.00"), ("scarf", 1, 1, "7.00")] == [tuple(one.values()) for one in found["unknown_products"]]
    assert [(7, "实付", "amount"), (8, "数量", "whole_number")] == [(r["row"], r["column"], r["code"]) for r in found["rows"]]
    assert ("gb18030", ",", 2) == (found["file"]["encoding"], found["file"]["separator"], found["failed_rows"])
    done = await send(text.encode("gb18030"), dry_run=False, exported_at="2021-09-26T00:00:00Z")
    assert [done[name] for name in ("accepted", "duplicates", "parked", "replaced", "failed_rows")] == [
        found[name] for name in ("accepted", "duplicates", "parked", "replaced", "failed_rows")
    ]
    figures = await kpis(session["id"])
    assert (5, "350.00", 7) == (figures["orders"], figures["gmv"], figures["units_sold"])


async def test_any_export_after_any_other(
    new_session: Connect, send: Callable[..., Any], kpis: Callable[..., Any], rows: Rows
) -> None:
    """Random exports, in turn previewed and imported: the figures after the import are those that the preview stated."""
    chance = random.Random(7)
    session = await new_session(("wechat", ROOM))
    for day in range(5):
        lines = [
            line(str(order), product, chance.randrange(1, 4), f"{chance.randrange(1, 9)}0.00", chance.randrange(60))
            for order in chance.sample(range(12), chance.randrange(1, 9))
            for product in chance.sample(["knit-01", "coat-02", "scarf"], chance.randrange(1, 3))
        ]
        dated = {} if chance.random() < 0.4 else {"exported_at": f"2021-09-{26 + chance.randrange(-2, day + 1)}T00:00:00Z"}
        state = await rows()
        found = await send(export(*lines), dry_run=True, **dated)
        assert state == await rows()
        done = await send(export(*lines), dry_run=False, **dated)
        assert [(done[n], n) for n in ("accepted", "duplicates", "replaced")] == [
            (found[n], n) for n in ("accepted", "duplicates", "replaced")
        ]
        figures = await kpis(session["id"])
        assert (found["orders"]["paid"]["after"], found["gmv"]["after"], found["units"]["after"]) == (
            figures["orders"], figures["gmv"], figures["units_sold"],
        )  # fmt: skip


async def test_voided_imports_count_again(client: httpx.AsyncClient, new_session: Connect, send: Callable[..., Any]) -> None:
    """What only a voided import brought is new for the next one."""
    session = await new_session(("wechat", ROOM))
    first = await send(export(line("1"), line("2")), dry_run=False)
    void = await client.post(f"/v1/sessions/{session['id']}/voids", json={"import": first["id"], "reason": "wrong file"})
    assert 200 == void.status_code, void.text
    found = await send(export(line("1"), line("2")), dry_run=True)
    assert (2, 0) == (found["orders"]["new"], found["orders"]["unchanged"])
    assert {"before": "0.00", "after": "200.00", "difference": "200.00"} == found["gmv"]


async def test_a_room_without_a_session_parks(send: Callable[..., Any], new_session: Connect, rows: Rows) -> None:
    """Nothing can be compared: the events would wait; a repetition is known."""
    await new_session()
    before = await rows()
    found = await send(export(line("1")), dry_run=True)
    assert before == await rows()
    assert (None, 1, None, None) == (found["session"], found["parked"], found["orders"], found["gmv"])
    await send(export(line("1")), dry_run=False)
    again = await send(export(line("1")), dry_run=True)
    assert (0, 1) == (again["parked"], again["duplicates"])


async def test_a_dry_run_waits_for_no_lock_and_holds_none(
    new_session: Connect, send: Callable[..., Any], database_url: str
) -> None:
    """A session that another transaction holds is previewed, as it is."""
    session = await new_session(("wechat", ROOM))
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await connection.execute("SELECT FROM sessions WHERE id = $1::uuid FOR UPDATE", session["id"])
            await connection.execute("LOCK TABLE events, orders, counters IN SHARE ROW EXCLUSIVE MODE")
            assert 1 == (await send(export(line("1")), dry_run=True))["orders"]["new"]
    finally:
        await connection.close()


async def test_other_kinds(client: httpx.AsyncClient, new_session: Connect, send: Callable[..., Any], rows: Rows) -> None:
    """Audience figures, tracking numbers and exchange rates."""
    session = await new_session(("wechat", ROOM))
    await send(export(line("1")), dry_run=False)
    before = await rows()
    audience = await send(AUDIENCE, dry_run=True, kind="audience", subject=session["id"])
    assert (2, None, []) == (audience["accepted"], audience["orders"], audience["rows"])
    tracking = await send(
        "order,no\n1,EE123456789JP\n99,EE123456790JP\n", dry_run=True, kind="tracking", subject=session["id"],
        columns={"order": "order", "tracking": "no"}, constants={"carrier": "EMS"},
    )  # fmt: skip
    assert (1, 0, 1) == (tracking["orders"]["changed"], tracking["orders"]["new"], tracking["failed_rows"])
    assert ("unknown_order", {"order": "99"}) == (tracking["rows"][0]["code"], tracking["rows"][0]["params"])
    rates: dict[str, Any] = {
        "kind": "exchange_rates", "columns": {"date": "d", "rate": "r"},
        "constants": {"from": "CNY", "to": "JPY", "kind": "TTM", "source": "bank"},
    }  # fmt: skip
    answer = await client.post(
        "/v1/imports", params={"dry_run": True}, files={"file": ("r.csv", "d,r\n2021-09-25,17.09\n2021-09-26,x\n")},
        data={"options": str(rates).replace("'", '"')},
    )  # fmt: skip
    assert (200, 1, 1) == (answer.status_code, answer.json()["accepted"], answer.json()["failed_rows"]), answer.text
    assert before == await rows()


async def test_the_last_choice_is_remembered_per_brand_kind_and_source(
    client: httpx.AsyncClient, new_session: Connect, send: Callable[..., Any], keys: KeyMaker
) -> None:
    """An import keeps its options, a dry run and a failed import do not; another brand's operator sees none of it."""
    session = await new_session(("wechat", ROOM))
    await new_session(brand="other")
    await send(export(line("1")), dry_run=True)
    assert [] == (await client.get("/v1/imports/options")).json()["imports"]
    await send(export(line("1")), dry_run=False, separator=",")
    await send(export(line("1")), dry_run=False, source="Youzan", subject=session["id"])
    found = (await client.get("/v1/imports/options", params={"brand": "maison-k", "kind": "orders"})).json()["imports"]
    assert [("Youzan", None), ("wechat", ",")] == [(one["source"], one["options"].get("separator")) for one in found]
    assert "订单号" == found[0]["options"]["columns"]["order"]
    assert {"columns", "separator"} == set(found[1]["options"])
    brands = {one["slug"]: one["id"] for one in (await client.get("/v1/brands")).json()["brands"]}
    for role, brand, count in ((Role.OPERATOR, "maison-k", 2), (Role.OPERATOR, "other", 0)):
        headers = await keys(role, brands[brand])
        assert count == len((await client.get("/v1/imports/options", headers=headers)).json()["imports"])
    refused = await client.post(
        "/v1/imports", params={"dry_run": True}, files={"file": ("o.csv", export(line("1")))},
        data={"options": options(subject=session["id"])}, headers=await keys(Role.OPERATOR, brands["other"]),
    )  # fmt: skip
    assert 404 == refused.status_code


def test_every_row_error_has_words() -> None:
    """The label catalogue has each code in three languages, and no other."""
    assert sorted(get_args(RowError)) == sorted(name.removeprefix("import_row.") for name in labels("import_row.", "en"))
