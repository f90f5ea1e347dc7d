"""Forms of connections, and what became of their last deliveries."""

from typing import Any

import httpx

from app.adapters.registry import ADAPTERS
from app.labels.catalogue import CATALOGUE
from app.platforms.administration.connection_forms import kinds
from app.platforms.connection_counters import RECENT
from app.service import Service
from tests.platforms.conftest import Connect, path_of

RULE = {
    "type": "live.like.sent",
    "id": "n",
    "room": "room",
    "when": "kind == 'like'",
    "data": {"viewer": "user", "count": "likes"},
}


async def test_every_field_of_every_kind_is_in_its_form_with_words(client: httpx.AsyncClient) -> None:
    """All secrets and options of the adapters, their types, and names and help in the catalogue."""
    answer = await client.get("/v1/connections/kinds")
    assert 200 == answer.status_code, answer.text
    found = {one["kind"]: one for one in answer.json()["kinds"]}
    assert list(ADAPTERS) == list(found)
    for name, adapter in ADAPTERS.items():
        fields = {field["name"]: field for field in found[name]["fields"]}
        assert {one.name for one in adapter.SECRETS} == {one for one, field in fields.items() if field["place"] == "secrets"}
        assert set(adapter.OPTIONS.model_fields) == {one for one, field in fields.items() if field["place"] == "options"}
        words = [f"connection_kind.{name}", *(f"connection_{kind}.{field}" for field in fields for kind in ("field", "help"))]
        words += [f"connection_choice.{one}.{value}" for one, field in fields.items() for value in field["choices"] or ()]
        assert [] == [key for key in words if key not in CATALOGUE]
    shop = {field["name"]: field for field in found["wechat_shop"]["fields"]}
    assert (True, "secret", "boolean") == (shop["token"]["required"], shop["token"]["type"], shop["require_encryption"]["type"])
    mapping = {field["name"]: field["type"] for field in found["mapping"]["fields"]}
    assert ("rules", "choice", "secret") == (mapping["rules"], mapping["signature"], mapping["previous_secret"])
    assert found["weibo_counts"]["polled"]


def test_a_kind_that_keeps_the_previous_secret_has_a_secret_that_it_replaces() -> None:
    """A new `secret` makes the old one the `previous_secret`; under another name it would not be kept."""
    secrets = {kind: {one.name for one in adapter.SECRETS} for kind, adapter in ADAPTERS.items()}
    keep = {one.kind for one in kinds().kinds if one.keeps_previous_secret}
    assert keep
    assert keep == {kind for kind, names in secrets.items() if {"secret", "previous_secret"} <= names}


async def test_the_last_deliveries_say_what_became_of_them(
    connect: Connect, new_session: Connect, client: httpx.AsyncClient, service: Service
) -> None:
    """Each outcome once, the newest first; no more than fifty; and no content in a reason."""
    await new_session(("bilibili", "1"))
    hook = await connect("mapping", signature="none", platform="bilibili", rules=[RULE])

    async def deliver(**body: Any) -> None:
        await client.post(path_of(hook), json={"n": 1, "room": "1", "user": "u", "likes": 1, "kind": "like"} | body)

    await deliver()
    await deliver()
    await deliver(n=2, room="2")
    await deliver(n=3, likes="SECRET")
    await deliver(n=4, kind="other")
    await client.post(path_of(hook), content=b"no json")
    url = f"/v1/connections/{hook['id']}/deliveries"
    found = (await client.get(url)).json()["deliveries"]
    assert ["refused", "ignored", "dead_letter", "parked", "duplicate", "accepted"] == [one["outcome"] for one in found]
    assert [0, 0, 0, 1, 1, 1] == [one["events"] for one in found]
    assert found[0]["reason"]
    assert found[2]["reason"]
    assert "SECRET" not in str(found)
    for number in range(RECENT):
        await deliver(n=100 + number)
        if number == RECENT // 2:
            await service.platforms.counters.write()
    found = (await client.get(url)).json()["deliveries"]
    assert (RECENT, {"accepted"}) == (len(found), {one["outcome"] for one in found})
    assert sorted((one["at"] for one in found), reverse=True) == [one["at"] for one in found]
    assert 404 == (await client.get("/v1/connections/0192f1a0-b3c4-7d06-8000-5f5e1a2b3c4d/deliveries")).status_code
