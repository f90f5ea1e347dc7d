"""Imports of exchange rates over HTTP: what a file states is stored once, and what a row states wrongly is named."""

import json
from typing import Any

import httpx
import pytest

from tests.settlement.conftest import KeyFor

CONSTANTS = {"from": "CNY", "to": "JPY", "kind": "TTM", "source": "三菱UFJ銀行 公表仲値"}
OPTIONS: dict[str, Any] = {"kind": "exchange_rates", "columns": {"date": "日付", "rate": "TTM"}, "constants": CONSTANTS}


async def _import(client: httpx.AsyncClient, file: str | bytes, options: dict[str, Any], **headers: str) -> httpx.Response:
    content = file.encode() if isinstance(file, str) else file
    return await client.post(
        "/v1/imports", params={"options": json.dumps(options)}, content=content, headers={"Content-Type": "text/csv"} | headers
    )


async def _rates(client: httpx.AsyncClient) -> dict[str, str]:
    found = (await client.get("/v1/exchange-rates", params={"limit": 200})).json()["exchange_rates"]
    return {f"{rate['date']} {rate['from']}/{rate['to']} {rate['kind']}": rate["rate"] for rate in found}


async def test_a_file_is_stored_once_and_corrected_by_the_next(client: httpx.AsyncClient) -> None:
    """The same file again adds nothing; another rate of a day corrects the stored one."""
    file = "人民元 対円相場,,\n日付,TTM,TTS\n2021/09/24,17.05,17.35\n2021/09/25,17.09,17.39\n合計,,\n".encode("shift_jis")
    first = (await _import(client, file, OPTIONS)).json()
    again = (await _import(client, file, OPTIONS)).json()
    corrected = (await _import(client, "日付,TTM\n2021-09-25,17.10\n2021-09-26,17.123456789\n", OPTIONS)).json()
    counts = [
        [report[name] for name in ("accepted", "duplicates", "replaced", "failed_rows")] for report in (first, again, corrected)
    ]
    assert [[2, 0, 0, 0], [0, 2, 0, 0], [2, 0, 1, 0]] == counts, (first, again, corrected)
    assert ("exchange_rates", "shift_jis", 2) == (first["kind"], first["file"]["encoding"], first["file"]["heading_row"])
    assert {
        "2021-09-24 CNY/JPY TTM": "17.05", "2021-09-25 CNY/JPY TTM": "17.10", "2021-09-26 CNY/JPY TTM": "17.123456789",
    } == await _rates(client)  # fmt: skip


async def test_every_field_may_be_a_column(client: httpx.AsyncClient) -> None:
    """Decimal commas, several pairs; rows that state no rate are named, and do not keep the others out."""
    columns = {name: name for name in ("date", "from", "to", "kind", "rate", "source")}
    rows = [
        ("25.09.2021", "CNY", "JPY", "TTM", "17,09", "bank"),
        ("25.09.2021", "EUR", "JPY", "TTM", "129,66", "bank"),
        ("25.09.2021", "EUR", "JPY", "TTM", "129,67", "bank"),
        ("25.09.2021", "CNY", "JPY", "TTM", "17,09", "bank"),
        ("31.09.2021", "CNY", "JPY", "TTM", "17,09", "bank"),
        ("26.09.2021", "CNY", "CNY", "TTM", "1", "bank"),
        ("26.09.2021", "XXQ", "JPY", "TTM", "1,5", "bank"),
        ("26.09.2021", "CNY", "JPY", "t t", "17,09", "bank"),
        ("26.09.2021", "CNY", "JPY", "TTM", "0", "bank"),
        ("26.09.2021", "CNY", "JPY", "TTM", "-17,09", "bank"),
        ("26.09.2021", "CNY", "JPY", "TTM", "", "bank"),
        ("26.09.2021", "CNY", "JPY", "TTB", "16,79", ""),
    ]
    file = "\n".join(";".join(row) for row in (tuple(columns), *rows))
    report = (await _import(client, file, {"kind": "exchange_rates", "columns": columns})).json()
    assert (2, 1, 9) == (report["accepted"], report["duplicates"], report["failed_rows"]), report
    failed = {row["row"]: (row["column"], row["detail"]) for row in report["rows"] if not row["ok"]}
    assert [4, 6, 7, 8, 9, 10, 11, 12, 13] == sorted(failed)
    assert all(detail for _, detail in failed.values())
    assert ("rate", "is empty") == failed[12]
    assert {"2021-09-25 CNY/JPY TTM": "17.09", "2021-09-25 EUR/JPY TTM": "129.66"} == await _rates(client)


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        ({"constants": {"from": "CNY"}}, ""),
        ({"constants": CONSTANTS | {"rate": "17.09"}}, "/constants/rate/[key]"),
        ({"columns": {"date": "日付", "rate": "TTM", "source": "TTM"}}, ""),
        ({"columns": {"date": "日付", "rate": "TTM", "buyer": "x"}}, ""),
        ({"subject": "wechat:a"}, "/subject"),
        ({"columns": {"date": "日付", "rate": "nowhere"}}, "/file"),
    ],
)
async def test_options_that_say_too_little_or_too_much_are_refused(
    client: httpx.AsyncClient, options: dict[str, Any], pointer: str
) -> None:
    """Nothing is stored, and the error says which option."""
    answer = await _import(client, "日付,TTM\n2021-09-25,17.09\n", OPTIONS | options)
    assert (422, pointer) == (answer.status_code, answer.json()["errors"][0]["pointer"]), answer.text
    assert {} == await _rates(client)


async def test_thousands_are_no_guess(client: httpx.AsyncClient) -> None:
    """A rate of `1,234` can be read in two ways; the decimal mark must be named."""
    file = '日付,TTM\n2021-09-25,"1,234"\n'
    answer = await _import(client, file, OPTIONS)
    assert (422, "/options/decimal") == (answer.status_code, answer.json()["errors"][0]["pointer"])
    assert 1 == (await _import(client, file, OPTIONS | {"decimal": ","})).json()["accepted"]
    assert {"2021-09-25 CNY/JPY TTM": "1.234"} == await _rates(client)


async def test_a_key_of_a_brand_imports_no_rates(client: httpx.AsyncClient, key_for: KeyFor) -> None:
    """A rate converts the money of every brand."""
    answer = await _import(client, "日付,TTM\n2021-09-25,17.09\n", OPTIONS, **await key_for("operator", "maison-k"))
    assert 403 == answer.status_code, answer.text
    assert {} == await _rates(client)
