"""A whole import is taken out of a session's figures on purpose: who imported what, what a void would change, and its audit."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx

from app.catalogue.access import Role
from tests.conftest import KeyMaker
from tests.platforms.conftest import ROOM, Connect
from tests.platforms.import_files import AUDIENCE, ORDERS, options

MORE = "订单号,买家,商品编码,数量,实付,支付时间\n3705115058471208940,o9,knit-01,1,1.00,2021-09-25 13:40:07\n"


async def _import(client: httpx.AsyncClient, text: str, name: str, chosen: str) -> str:
    answer = await client.post("/v1/imports", files={"file": (name, text)}, data={"options": chosen})
    assert 200 == answer.status_code, answer.text
    return str(answer.json()["id"])


async def test_an_import_is_listed_voided_and_counted_again(
    client: httpx.AsyncClient, new_session: Connect, kpis: Callable[..., Any]
) -> None:
    """The newest first, with file and person; the preview is what the void then takes out; the reason stays."""
    session = (await new_session(("wechat", ROOM)))["id"]
    path = f"/v1/sessions/{session}/imports"
    assert [] == (await client.get(path)).json()["imports"]
    first = await _import(client, ORDERS, "订单_0925.csv", options())
    second = await _import(client, ORDERS + MORE.splitlines()[1], "again.csv", options())
    third = await _import(client, AUDIENCE, "room.csv", options("audience"))
    listed = (await client.get(path)).json()["imports"]
    assert [third, second, first] == [one["id"] for one in listed]
    assert ["room.csv", "again.csv", "订单_0925.csv"] == [one["file"] for one in listed]
    assert {("test", True, None)} == {(one["name"], one["finished"], one["void"]) for one in listed}
    assert (1, 0, 2) == tuple(listed[2][name] for name in ("accepted", "duplicates", "failed_rows"))
    assert (1, 1) == (listed[1]["accepted"], listed[1]["duplicates"])
    before = await kpis(session)
    # What the first brought the second brought too.
    assert {"events": 0, "orders": 0} == (await client.get(f"{path}/{first}/void-effect")).json()
    assert {"events": 1, "orders": 1} == (await client.get(f"{path}/{second}/void-effect")).json()
    assert {"events": 2, "orders": 0} == (await client.get(f"{path}/{third}/void-effect")).json()
    void = await client.post(f"/v1/sessions/{session}/voids", json={"import": second, "reason": "wrong day"})
    assert (200, 1) == (void.status_code, void.json()["events"])
    after = await kpis(session)
    assert (1, "3099.00") == (after["orders"], after["gmv"])
    marked = next(one for one in (await client.get(path)).json()["imports"] if one["id"] == second)["void"]
    assert (void.json()["id"], "wrong day") == (marked["id"], marked["reason"])
    assert {"events": 0, "orders": 0} == (await client.get(f"{path}/{second}/void-effect")).json()
    # The first import alone has these orders now.
    assert {"events": 1, "orders": 1} == (await client.get(f"{path}/{first}/void-effect")).json()
    rows = (await client.get("/v1/audit", params={"action": "void.create"})).json()["entries"]
    assert [(void.json()["id"], session)] == [(row["object"]["id"], row["session"]) for row in rows]
    assert 204 == (await client.delete(f"/v1/sessions/{session}/voids/{void.json()['id']}")).status_code
    assert before == await kpis(session)
    assert {None} == {one["void"] for one in (await client.get(path)).json()["imports"]}
    await client.delete(f"/v1/sessions/{session}")
    assert 404 == (await client.get(path)).status_code


async def test_imports_of_another_brand_are_not_there(client: httpx.AsyncClient, new_session: Connect, keys: KeyMaker) -> None:
    """Nor are they for a viewer; an import that a session does not have is a 404."""
    session = (await new_session(("wechat", ROOM)))["id"]
    import_id = await _import(client, ORDERS, "secret.csv", options())
    other = (await client.post("/v1/brands", json={"slug": "other", "name": "O"})).json()["id"]
    paths = [f"/v1/sessions/{session}/imports", f"/v1/sessions/{session}/imports/{import_id}/void-effect"]
    for role, brand, status in ((Role.OPERATOR, other, 404), (Role.VIEWER, None, 403)):
        headers = await keys(role, brand)
        assert [status, status] == [(await client.get(path, headers=headers)).status_code for path in paths]
    second = (await new_session())["id"]
    for unknown in (import_id, str(uuid4())):
        assert 404 == (await client.get(f"/v1/sessions/{second}/imports/{unknown}/void-effect")).status_code


async def test_an_import_without_a_name_and_one_of_a_refused_file(client: httpx.AsyncClient, new_session: Connect) -> None:
    """The body itself has no name; a file that is refused leaves no record."""
    session = (await new_session(("wechat", ROOM)))["id"]
    answer = await client.post(
        "/v1/imports", params={"options": options()}, content=ORDERS.encode(), headers={"Content-Type": "text/csv"}
    )
    assert 200 == answer.status_code
    bad = json.dumps({"kind": "orders", "subject": f"wechat:{ROOM}", "columns": {"order": "none", "product": "a", "quantity": "b",
                                                                                 "paid_at": "c", "amount": "d"}})  # fmt: skip
    assert 422 == (await client.post("/v1/imports", files={"file": ("x.csv", ORDERS)}, data={"options": bad})).status_code
    listed = (await client.get(f"/v1/sessions/{session}/imports")).json()["imports"]
    assert [(answer.json()["id"], None)] == [(one["id"], one["file"]) for one in listed]
