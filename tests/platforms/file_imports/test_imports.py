"""CSV imports over HTTP: a report per row, and a repeated file changes nothing."""

import gzip
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from app.catalogue.access import Role
from tests.platforms.conftest import ROOM, Connect
from tests.platforms.import_files import AUDIENCE, ORDERS, options

KeyMaker = Callable[..., Awaitable[dict[str, str]]]


@pytest.mark.usefixtures("reading_process")
async def test_orders_are_imported_once_with_a_report_per_row(
    client: httpx.AsyncClient, new_session: Connect, kpis: Callable[..., Any]
) -> None:
    """Valid rows are counted, each invalid row is reported with its reason, and a second import adds nothing."""
    session = await new_session(("wechat", ROOM))
    for accepted, duplicates in ((1, 0), (0, 1)):
        answer = await client.post("/v1/imports", files={"file": ("orders.csv", ORDERS)}, data={"options": options()})
        assert 200 == answer.status_code, answer.text
        report = answer.json()
        assert (accepted, duplicates, 2) == (report["accepted"], report["duplicates"], report["failed_rows"])
        assert [(2, True), (3, True), (4, False), (5, False)] == [(row["row"], row["ok"]) for row in report["rows"]]
        assert "实付" == report["rows"][2]["column"]
        assert report["rows"][3]["detail"]
    figures = await kpis(session["id"])
    assert (1, "3099.00", 3) == (figures["orders"], figures["gmv"], figures["units_sold"])


@pytest.mark.usefixtures("reading_process")
async def test_audience_figures_are_imported_as_text_csv(
    client: httpx.AsyncClient, new_session: Connect, kpis: Callable[..., Any]
) -> None:
    """A file alone, compressed, with the options in the query."""
    session = await new_session(("wechat", ROOM))
    answer = await client.post(
        "/v1/imports",
        params={"options": options("audience", session["id"])},
        content=gzip.compress(AUDIENCE.encode("utf-8-sig")),
        headers={"Content-Type": "text/csv", "Content-Encoding": "gzip"},
    )
    assert (200, 2) == (answer.status_code, answer.json()["accepted"]), answer.text
    assert 150 == (await kpis(session["id"]))["peak_concurrent_viewers"]


async def test_a_row_that_the_session_refuses_is_reported(client: httpx.AsyncClient, new_session: Connect) -> None:
    """An order in another currency is parsed and refused by the session; the report of its row has the reason."""
    await new_session(("wechat", ROOM))
    files = {"file": ("o.csv", "\n".join(ORDERS.splitlines()[:3]))}
    answer = await client.post("/v1/imports", files=files, data={"options": options(currency="JPY")})
    row = answer.json()["rows"][0]
    assert (False, True) == (row["ok"], "currency" in row["detail"])


@pytest.mark.parametrize(
    ("files", "form", "status", "pointer"),
    [
        ({"file": ("x", ORDERS)}, {}, 422, "/options"),
        ({"file": ("x", ORDERS)}, {"options": "no json"}, 422, "/options"),
        ({"file": ("x", ORDERS)}, {"options": "[]"}, 422, "/options"),
        ({"file": ("x", ORDERS)}, {"options": options(kind="orders", columns={"order": "订单号"})}, 422, None),
        ({"file": ("x", "a,b\n1,2\n")}, {"options": options()}, 422, "/file"),
        ({"file": ("x", b"\x00\xff\xfe")}, {"options": options()}, 422, "/file"),
        ({"other": ("x", ORDERS)}, {"options": options()}, 422, "/file"),
        ({"file": ("x", ORDERS)}, {"options": options(subject="0192f1a0-b3c4-7d06-8000-5f5e1a2b3c4d")}, 404, None),
    ],
)
async def test_an_import_that_cannot_run_gives_the_reason(
    files: dict[str, Any], form: dict[str, str], status: int, pointer: str | None, client: httpx.AsyncClient
) -> None:
    """Wrong options, a wrong file, another brand's session: a problem with its field."""
    answer = await client.post("/v1/imports", files=files, data=form)
    assert status == answer.status_code, answer.text
    if pointer:
        assert pointer in [error["pointer"] for error in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [("application/json", 415), ("multipart/form-data", 400), ("multipart/form-data; boundary=x", 400), ("", 415)],
)
async def test_another_body_is_a_client_error(content_type: str, status: int, client: httpx.AsyncClient) -> None:
    """A body of another kind, or a broken multipart, is refused."""
    answer = await client.post("/v1/imports", content=b"garbage", headers={"Content-Type": content_type})
    assert status == answer.status_code


async def test_operators_import_and_ingest_keys_do_not(keys: KeyMaker, client: httpx.AsyncClient, new_session: Connect) -> None:
    """An operator of the brand may; a sender's key may not; another brand's operator sees no session."""
    session = await new_session(("wechat", ROOM))
    other = (await new_session(brand="other"))["id"]
    brands = (await client.get("/v1/brands")).json()["brands"]
    by_slug = {brand["slug"]: brand["id"] for brand in brands}
    send: dict[str, Any] = {"files": {"file": ("a.csv", AUDIENCE)}, "data": {"options": options("audience", session["id"])}}
    assert 200 == (await client.post("/v1/imports", headers=await keys(Role.OPERATOR, by_slug["maison-k"]), **send)).status_code
    assert 403 == (await client.post("/v1/imports", headers=await keys(Role.INGEST), **send)).status_code
    assert 404 == (await client.post("/v1/imports", headers=await keys(Role.OPERATOR, by_slug["other"]), **send)).status_code
    assert other
