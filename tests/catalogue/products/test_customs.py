"""Customs data of products."""

from typing import Any

import httpx
import pytest

from tests.catalogue.conftest import CUSTOMS


async def test_customs_data_is_stored_replaced_and_removed(client: httpx.AsyncClient) -> None:
    """It comes with the product, is replaced as a whole, and null removes it; names are not touched."""
    form = {"brand": "maison-k", "code": "knit", "names": {"ja": "ニット"}}
    made = await client.post("/v1/products", json=form | {"customs": CUSTOMS | {"hs_code": "6110.20.0000", "origin": "jp"}})
    assert 201 == made.status_code, made.text
    url = f"/v1/products/{made.json()['id']}"
    assert CUSTOMS == made.json()["customs"] == (await client.get(url)).json()["customs"]
    assert [CUSTOMS] == [p["customs"] for p in (await client.get("/v1/products")).json()["products"]]
    partial = (await client.patch(url, json={"customs": {"origin": "CN"}})).json()
    assert ({"ja": "ニット"}, "CN", None) == (partial["names"], partial["customs"]["origin"], partial["customs"]["hs_code"])
    assert (await client.patch(url, json={"customs": None})).json()["customs"] is None
    assert (await client.patch(url, json={"customs": {}})).json()["customs"] is None


@pytest.mark.parametrize(
    ("member", "value"),
    [("hs_code", "12345"), ("hs_code", "12345678901"), ("hs_code", "61102x"), ("origin", "JPN"), ("origin", "ZZ"), ("origin", "EU"),
     ("net_weight_g", 0), ("net_weight_g", 1.5), ("net_weight_g", "320"), ("colour", "red")],
)  # fmt: skip
async def test_wrong_customs_data_is_refused(client: httpx.AsyncClient, member: str, value: Any) -> None:
    """422 that names the member."""
    answer = await client.post("/v1/products", json={"brand": "maison-k", "code": "knit", "customs": {member: value}})
    assert (422, f"/customs/{member}") == (answer.status_code, answer.json()["errors"][0]["pointer"])
