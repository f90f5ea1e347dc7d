"""What corrects what: of two exports of one order the newer one counts, also where the room has no session yet."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx
import pytest

from app.service import Service
from tests.platforms.conftest import Connect, Kpis
from tests.platforms.order_imports import CN, CN_HEAD, EN, EN_HEAD, PAID, Imports


async def test_a_later_import_corrects_an_earlier_one(imports: Imports) -> None:
    """Amount, pieces, product, buyer and time of an order are what the newest export says; the first file again changes nothing."""
    wrong = (f"1,甲,knit-01,1,100.00,{PAID}", f"2,甲,knit-01,1,50.00,{PAID}")
    right = ("1,乙,coat-02,2,180.00,2026-09-25 13:05:00", f"2,甲,knit-01,1,50.00,{PAID}")
    assert 0 == (await imports.take(CN, CN_HEAD, *wrong))["replaced"]
    assert ["150.00", 2, 1] == await imports.figures("gmv", "units_sold", "buyers")
    receipt = await imports.take(CN, CN_HEAD, *right)
    assert (1, 1, 1) == (receipt["accepted"], receipt["duplicates"], receipt["replaced"])
    for _ in range(2):
        assert ["230.00", 3, 2, 2] == await imports.figures("gmv", "units_sold", "buyers", "orders")
        assert {"knit-01": "50.00", "coat-02": "180.00"} == await imports.gmv_of_products()
        assert datetime(2026, 9, 25, 5, 5, tzinfo=UTC) == datetime.fromisoformat((await imports.orders())["1"]["paid_at"])
        assert 0 == (await imports.take(CN, CN_HEAD, *wrong))["accepted"]


async def test_the_date_of_an_export_decides_between_two(imports: Imports) -> None:
    """With `exported_at` the newer export counts, also where it lowers a refund or takes it back."""
    columns = {**EN, "refunded_amount": "Refunded"}
    head = f"{EN_HEAD},Refunded"
    await imports.take(columns, head, f"1,b,knit-01,1,90.00,{PAID},0.00", exported_at="2026-10-02T00:00:00Z")
    await imports.take(columns, head, f"1,b,knit-01,1,100.00,{PAID},40.00", exported_at="2026-10-01T00:00:00+00:00")
    assert ["90.00", "0.00", 0] == await imports.figures("gmv", "refund_amount", "refunded_orders")


async def test_a_repeated_content_without_a_date_is_a_repetition(imports: Imports) -> None:
    """A file that is sent again undoes no correction."""
    wrong, right = f"1,甲,knit-01,1,100.00,{PAID}", f"1,甲,knit-01,1,70.00,{PAID}"
    for row in (wrong, right, wrong):
        receipt = await imports.take(CN, CN_HEAD, row)
        assert ["100.00" if row == wrong and receipt["accepted"] else "70.00"] == await imports.figures("gmv")
    assert (0, 1, 0) == (receipt["accepted"], receipt["duplicates"], receipt["replaced"])


@pytest.mark.parametrize(
    "exports",
    [(("100.00", None), ("70.00", None)), (("70.00", "2026-10-02T00:00:00Z"), ("100.00", "2026-10-01T00:00:00Z"))],
    ids=["the later import", "the newer export, imported first"],
)
async def test_corrections_wait_for_the_registration_of_a_room(
    client: httpx.AsyncClient,
    service: Service,
    new_session: Connect,
    kpis: Kpis,
    exports: Sequence[tuple[str, str | None]],
) -> None:
    """Imports into a room that no session has registered are parked; the newest counts once the room has a session."""
    for amount, exported_at in exports:
        # Many orders: the events of the two imports meet in any order of their keys, and on more than one page.
        rows = "".join(f"{order},b,knit-01,1,{amount},{PAID}\n" for order in range(520))
        options = {"kind": "orders", "subject": "wechat:later", "columns": CN}
        options |= {"exported_at": exported_at} if exported_at else {}
        files = {"file": ("o.csv", f"{CN_HEAD}\n{rows}")}
        answer = await client.post("/v1/imports", files=files, data={"options": json.dumps(options)})
        assert 520 == answer.json()["parked"], answer.text
    imports = Imports(client, service, kpis, await new_session(("wechat", "later")))
    assert [520, "36400.00"] == await imports.figures("orders", "gmv")


async def test_a_void_of_a_correction_brings_the_earlier_import_back(client: httpx.AsyncClient, imports: Imports) -> None:
    """Without the newer statement the older one counts again, and with it the newer one."""
    await imports.take(CN, CN_HEAD, f"1,甲,knit-01,1,100.00,{PAID}")
    await imports.take(CN, CN_HEAD, f"1,乙,coat-02,2,180.00,{PAID}")
    assert ["180.00", 2] == await imports.figures("gmv", "units_sold")
    log = (await client.get("/v1/events", params={"session": imports.session})).json()["events"]
    (newer,) = [event for event in log if event["data"]["amount"] == "180.00"]
    url = f"/v1/sessions/{imports.session}/voids"
    answer = await client.post(url, json={"source": newer["source"], "event": newer["id"], "reason": "wrong file"})
    assert answer.is_success, answer.text
    assert ["100.00", 1] == await imports.figures("gmv", "units_sold")
    assert (await client.delete(f"{url}/{(await client.get(url)).json()['voids'][0]['id']}")).is_success
    assert ["180.00", 2] == await imports.figures("gmv", "units_sold")
