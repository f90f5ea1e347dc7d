"""Imports of products over HTTP: a spreadsheet completes the catalogue, and takes nothing away."""

import json
from io import BytesIO
from typing import Any

import httpx
from openpyxl import Workbook

from app.catalogue.access import Role
from tests.conftest import KeyMaker
from tests.kpis.event_builders import NewSession, Read, Send, paid

COLUMNS = {
    "code": "商品コード", "name_ja": "商品名", "name_zh": "中文品名", "name_en": "英文品名", "aliases": "別コード",
    "customs_name_zh": "報関品名", "customs_name_en": "Declared as", "material": "材質", "hs_code": "HSコード",
    "net_weight_g": "重量",
}  # fmt: skip
OPTIONS: dict[str, Any] = {"kind": "products", "brand": "maison-k", "columns": COLUMNS, "constants": {"origin": "jp"}}
FILE = (
    "商品コード,商品名,中文品名,英文品名,別コード,報関品名,Declared as,材質,HSコード,重量\n"
    "knit,ニット,針織衫,Knit,10000387、A-7,純綿針織衫,Cotton sweater,100% cotton,6110.20.0000,320\n"
    "coat,コート,,,,,,,,1200\n"
)


async def _import(client: httpx.AsyncClient, file: str | bytes, options: dict[str, Any], **more: Any) -> Any:
    content = file if isinstance(file, bytes) else file.encode()
    params = {"options": json.dumps(options), **{name: value for name, value in more.items() if name == "dry_run"}}
    headers = {"Content-Type": "text/csv"} | more.get("headers", {})
    return (await client.post("/v1/imports", params=params, content=content, headers=headers)).json()


async def _products(client: httpx.AsyncClient) -> dict[str, Any]:
    found = (await client.get("/v1/products", params={"limit": 200})).json()["products"]
    return {product["code"]: product for product in found}


def _counts(report: dict[str, Any]) -> list[int]:
    return [report[name] for name in ("accepted", "duplicates", "replaced", "failed_rows")]


async def test_a_file_completes_the_catalogue_and_takes_nothing_away(client: httpx.AsyncClient) -> None:
    """New products; the same file adds nothing; a file of two columns leaves names, aliases and the rest of the customs data."""
    preview = await _import(client, FILE.encode("shift_jis"), OPTIONS, dry_run=True)
    assert ([2, 0, 0, 0], {}) == (_counts(preview), await _products(client))
    first = await _import(client, FILE.encode("shift_jis"), OPTIONS)
    assert ([2, 0, 0, 0], "shift_jis") == (_counts(first), first["file"]["encoding"]), first
    found = await _products(client)
    knit = found["knit"]
    assert {"ja": "ニット", "zh": "針織衫", "en": "Knit"} == knit["names"]
    assert {"10000387", "A-7"} == set(knit["aliases"])
    assert {
        "name_zh": "純綿針織衫", "name_en": "Cotton sweater", "material": "100% cotton", "hs_code": "6110200000", "origin": "JP",
        "net_weight_g": 320,
    } == knit["customs"]  # fmt: skip
    assert ({"ja": "コート"}, 1200, None) == (
        found["coat"]["names"], found["coat"]["customs"]["net_weight_g"], found["coat"]["customs"]["hs_code"],
    )  # fmt: skip
    assert [0, 2, 0, 0] == _counts(await _import(client, FILE, OPTIONS))
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (("code", "HS", "g"), ("knit", 611020, 330), ("coat", None, None)):
        sheet.append(row)
    book.save(file := BytesIO())
    columns = {"code": "code", "hs_code": "HS", "net_weight_g": "g"}
    second = await _import(client, file.getvalue(), {"kind": "products", "brand": "maison-k", "columns": columns})
    assert ([1, 1, 1, 0], "workbook") == (_counts(second), second["file"]["format"]), second
    after = await _products(client)
    assert knit | {"customs": knit["customs"] | {"hs_code": "611020", "net_weight_g": 330}} == after["knit"]
    assert found["coat"] == after["coat"]


async def test_a_row_that_is_refused_is_named_and_keeps_no_other_out(client: httpx.AsyncClient) -> None:
    """Wrong customs data, a taken alias, no code, two statements of one product: nothing of such a row is stored."""
    await client.post("/v1/products", json={"brand": "maison-k", "code": "hat", "aliases": ["h-1"]})
    rows = [("knit", "", "611020", "320"), ("a", "", "12", ""), ("b", "h-1", "", ""), ("", "", "", "5"), ("c", "", "", "0"),
            ("d", "", "", "1.5"), ("knit", "", "611020", "321"), ("h-1", "", "", ""), ("knit", "", "611020", "320"),
            ("e", "e-1;e-2", "", "")]  # fmt: skip
    file = "\n".join(["code,aliases,hs,g", *(",".join(row) for row in rows)])
    columns = {"code": "code", "aliases": "aliases", "hs_code": "hs", "net_weight_g": "g"}
    report = await _import(client, file, {"kind": "products", "brand": "maison-k", "columns": columns})
    failed = {row["row"]: row["detail"] for row in report["rows"] if not row["ok"]}
    assert ([2, 1, 0, 7], [3, 4, 5, 6, 7, 8, 9]) == (_counts(report), sorted(failed)), report
    assert all(failed.values())
    assert "h-1" in failed[4]
    found = await _products(client)
    assert {"hat", "knit", "e"} == set(found)
    assert ["e-1", "e-2"] == found["e"]["aliases"]
    assert 320 == found["knit"]["customs"]["net_weight_g"]


async def test_an_imported_alias_counts_for_past_events(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, read: Read
) -> None:
    """Figures of an order that named the alias belong to the product at once."""
    session = await new_session()
    await send("wechat:room", paid(1, "A-1", "b1", ("10000387", 2, "200.00")))
    report = await _import(client, FILE, OPTIONS)
    assert [] == report["rebuilds"]
    products = (await read(session, "products"))["products"]
    assert [("knit", 2)] == [(one["product"], one["units"]) for one in products]


async def test_options_and_brands_that_do_not_fit_are_refused(client: httpx.AsyncClient, keys: KeyMaker) -> None:
    """The error says which option; a key of a brand needs none and may name no other."""
    brand = (await client.post("/v1/brands", json={"slug": "maison-k", "name": "Maison K"})).json()["id"]
    own = await keys(Role.OPERATOR, brand)
    plain = {"kind": "products", "columns": {"code": "商品コード"}}
    for options, headers, status, pointer in (
        ({"columns": {"name_ja": "商品名"}}, {}, 422, ""),
        ({"columns": COLUMNS | {"list_price": "重量"}}, {}, 422, ""),
        ({"subject": "wechat:a"}, {}, 422, "/subject"),
        ({"brand": "No Slug"}, {}, 422, "/options/brand"),
        ({}, {}, 422, "/brand"),
        ({"brand": "other"}, own, 404, None),
    ):
        answer = await _import(client, FILE, plain | options, headers=headers)
        assert status == answer["status"], answer
        assert pointer is None or pointer == answer["errors"][0]["pointer"], answer
    assert {} == await _products(client)
    assert [2, 0, 0, 0] == _counts(await _import(client, FILE, plain, headers=own))
