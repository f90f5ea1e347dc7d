"""Exchange rates over HTTP."""

import httpx
import pytest

from tests.settlement.conftest import KeyFor

PATH = "/v1/exchange-rates/2021-09-25/CNY/JPY/TTM"
FORM = {"rate": "17.09", "source": "三菱UFJ銀行 公表仲値"}


async def test_a_rate_is_entered_read_and_corrected(client: httpx.AsyncClient) -> None:
    """The record says who entered it from which source; a rate that was not entered does not exist."""
    assert 404 == (await client.get(PATH)).status_code
    made = await client.put(PATH, json=FORM)
    assert 200 == made.status_code, made.text
    assert {"date": "2021-09-25", "from": "CNY", "to": "JPY", "kind": "TTM"} | FORM == {
        name: made.json()[name] for name in ("date", "from", "to", "kind", "rate", "source")
    }
    assert made.json()["entered_by"]
    assert "17.10" == (await client.put(PATH, json=FORM | {"rate": "17.10"})).json()["rate"]
    assert "17.10" == (await client.get(PATH)).json()["rate"]
    assert 204 == (await client.delete(PATH)).status_code
    assert 404 == (await client.delete(PATH)).status_code


async def test_rates_are_listed_by_day_in_pages(client: httpx.AsyncClient) -> None:
    """Every rate once, whatever the page's size; a range of days narrows the list."""
    days = [f"2021-09-{day:02}" for day in (3, 1, 2)]
    for day in days:
        for source in ("CNY", "USD"):
            assert 200 == (await client.put(f"/v1/exchange-rates/{day}/{source}/JPY/TTM", json=FORM)).status_code
    seen: list[tuple[str, str]] = []
    params: dict[str, str | int] = {"limit": 4}
    while True:
        page = (await client.get("/v1/exchange-rates", params=params)).json()
        seen += [(rate["date"], rate["from"]) for rate in page["exchange_rates"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert [(day, source) for day in sorted(days) for source in ("CNY", "USD")] == seen
    narrow = await client.get("/v1/exchange-rates", params={"from": "2021-09-02", "to": "2021-09-02"})
    assert 2 == len(narrow.json()["exchange_rates"])
    assert 422 == (await client.get("/v1/exchange-rates", params={"cursor": "WyJ4IiwieSIsInoiXQ"})).status_code


@pytest.mark.parametrize("rate", ["0", "0.000", "-1", "1e3", "1,000", "NaN", "1234567890", "1.12345678901", "１７"])
async def test_a_rate_is_a_positive_decimal(client: httpx.AsyncClient, rate: str) -> None:
    """Anything else is refused by name."""
    answer = await client.put(PATH, json=FORM | {"rate": rate})
    assert (422, "/rate") == (answer.status_code, answer.json()["errors"][0]["pointer"])


@pytest.mark.parametrize(
    "path",
    [
        "2021-02-30/CNY/JPY/TTM",
        "1632528000/CNY/JPY/TTM",
        "9999-12-31/CNY/JPY/TTM",
        "2021-09-25/CNY/CNY/TTM",
        "2021-09-25/XXQ/JPY/TTM",
        "2021-09-25/CNY/JPY/t m",
    ],
)
async def test_a_path_that_names_no_rate_is_refused(client: httpx.AsyncClient, path: str) -> None:
    """A day that does not exist, twice the same currency, no currency, no kind."""
    assert 422 == (await client.put(f"/v1/exchange-rates/{path}", json=FORM)).status_code


async def test_a_key_of_one_brand_reads_rates_and_writes_none(client: httpx.AsyncClient, key_for: KeyFor) -> None:
    """A rate converts the money of every brand; who of the agency entered it is not theirs to know."""
    await client.put(PATH, json=FORM)
    bound = await key_for("operator", "maison-k")
    read = [(await client.get(PATH, headers=bound)).json()]
    read += (await client.get("/v1/exchange-rates", headers=bound)).json()["exchange_rates"]
    assert [(FORM["rate"], None)] * 2 == [(rate["rate"], rate["entered_by"]) for rate in read]
    assert 403 == (await client.put(PATH, json=FORM, headers=bound)).status_code
    assert 403 == (await client.delete(PATH, headers=bound)).status_code
    assert 403 == (await client.put(PATH, json=FORM, headers=await key_for("viewer"))).status_code
