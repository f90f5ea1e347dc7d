"""People: who administers them, what a change does to browsers that are signed in, and what the audit log says."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.catalogue.access import Role
from app.catalogue.callers.devices import DeviceStore
from app.service import Service
from tests.conftest import KeyMaker
from tests.people.conftest import COOKIE, Browser, Person, SignedIn, share, token_of


async def test_a_person_is_created_read_changed_and_deleted(client: httpx.AsyncClient, person: Person) -> None:
    """The contract's members; a deleted person is a 404."""
    made = await person("operator", "maison-k", "林 小梅")
    assert {"id", "name", "role", "brand", "active", "created_at", "last_seen_at"} == made.keys()
    assert ("林 小梅", "operator", "maison-k", True, None) == tuple(
        made[name] for name in ("name", "role", "brand", "active", "last_seen_at")
    )
    path = f"/v1/people/{made['id']}"
    assert made == (await client.get(path)).json()
    assert [made] == (await client.get("/v1/people")).json()["people"]
    changed = await client.patch(path, json={"name": "林", "role": "viewer", "brand": None})
    assert ("林", "viewer", None) == tuple(changed.json()[name] for name in ("name", "role", "brand"))
    assert 204 == (await client.delete(path)).status_code
    assert (404, "person_not_found") == ((missing := await client.get(path)).status_code, missing.json()["code"])
    for gone in (str(uuid4()), "no-id"):
        assert 404 == (await client.patch(f"/v1/people/{gone}", json={"name": "x"})).status_code
        assert 404 == (await client.post(f"/v1/people/{gone}/sign-in-links")).status_code


@pytest.mark.parametrize(
    ("form", "pointer"),
    [
        ({"name": "x", "role": "ingest"}, "/role"),
        ({"name": "x", "role": "admin", "brand": "maison-k"}, "/brand"),
        ({"name": "", "role": "viewer"}, "/name"),
        ({"name": "x", "role": "viewer", "password": "hunter2"}, "/password"),
    ],
)
async def test_what_no_person_can_be(client: httpx.AsyncClient, form: dict[str, Any], pointer: str) -> None:
    """People send no events, administrators are not bound, and there are no passwords."""
    answer = await client.post("/v1/people", json=form)
    assert (422, pointer) == (answer.status_code, answer.json()["errors"][0]["pointer"])
    assert "hunter2" not in answer.text


async def test_only_administrators_have_people(person: Person, signed_in: SignedIn, keys: KeyMaker) -> None:
    """Keys and people of every other role are refused; a person reads and ends their own devices, and no others'."""
    other = await person("viewer")
    for role in ("viewer", "operator"):
        own = await person(role)
        one = await signed_in(own)
        for headers in ({}, await keys(role)):
            for method, path in (
                ("GET", "/v1/people"), ("POST", "/v1/people"), ("GET", f"/v1/people/{other['id']}"),
                ("PATCH", f"/v1/people/{own['id']}"), ("DELETE", f"/v1/people/{own['id']}"),
                ("POST", f"/v1/people/{own['id']}/sign-in-links"), ("GET", f"/v1/people/{other['id']}/devices"),
                ("DELETE", f"/v1/people/{other['id']}/devices"), ("DELETE", f"/v1/people/{other['id']}/devices/{uuid4()}"),
            ):  # fmt: skip
                answer = await one.request(method, path, json={"name": "x", "role": "admin"}, headers=headers)
                assert 403 == answer.status_code, f"{role} {method} {path}"
        devices = (await one.get(f"/v1/people/{own['id']}/devices")).json()["devices"]
        assert [True] == [device["current"] for device in devices]
        assert 204 == (await one.delete(f"/v1/people/{own['id']}/devices")).status_code
        assert 401 == (await one.get("/v1/me")).status_code


async def test_a_person_is_who_their_link_names(client: httpx.AsyncClient, person: Person, signed_in: SignedIn) -> None:
    """Role and brand are those of the person, in `/v1/me` and by their effect."""
    made = await person("operator", "maison-k", "林")
    await client.post("/v1/brands", json={"slug": "other", "name": "Other"})
    one = await signed_in(made)
    me = (await one.get("/v1/me")).json()
    assert {"kind": "person", "name": "林", "role": "operator", "brand": "maison-k", "session": None}.items() <= me.items()
    assert me == (await one.get("/v1/sign-in")).json()
    assert ["maison-k"] == [brand["slug"] for brand in (await one.get("/v1/brands")).json()["brands"]]
    form = {"title": "t", "brand": "maison-k", "currency": "CNY"}
    assert 201 == (await one.post("/v1/sessions", json=form)).status_code
    assert 404 == (await one.post("/v1/sessions", json=form | {"brand": "other"})).status_code
    assert 404 == (await one.get("/v1/keys/current")).status_code
    assert (await client.get(f"/v1/people/{made['id']}")).json()["last_seen_at"] is not None


async def test_a_change_acts_at_once_on_browsers_that_are_signed_in(
    client: httpx.AsyncClient, person: Person, signed_in: SignedIn
) -> None:
    """Another role, another brand, deactivation, deletion: the next request of the same cookie has it."""
    made = await person("admin")
    path = f"/v1/people/{made['id']}"
    one = await signed_in(made)
    assert 200 == (await one.get("/v1/keys")).status_code
    await client.patch(path, json={"role": "viewer"})
    assert 403 == (await one.get("/v1/keys")).status_code
    assert 403 == (await one.post("/v1/brands", json={"slug": "b", "name": "B"})).status_code
    await client.patch(path, json={"brand": "maison-k"})
    assert "maison-k" == (await one.get("/v1/me")).json()["brand"]
    token = await token_of(client, made)
    await client.patch(path, json={"active": False})
    assert 401 == (await one.get("/v1/me")).status_code
    assert 204 == (await one.get("/v1/sign-in")).status_code
    assert 401 == (await one.post("/v1/sign-in", json={"token": token})).status_code
    refused = await client.post(f"{path}/sign-in-links")
    assert (409, "person_inactive") == (refused.status_code, refused.json()["code"])
    await client.patch(path, json={"active": True})
    assert 401 == (await one.get("/v1/me")).status_code, "a device that was signed out does not come back"
    assert 401 == (await one.post("/v1/sign-in", json={"token": token})).status_code
    await signed_in(made, one)
    assert 204 == (await client.delete(path)).status_code
    assert 401 == (await one.get("/v1/me")).status_code


async def test_another_process_follows_within_two_seconds(
    client: httpx.AsyncClient, service: Service, person: Person, signed_in: SignedIn
) -> None:
    """The limit that the documentation names; a process trusts what it has read for no longer."""
    made = await person("operator")
    one = await signed_in(made)
    elsewhere = DeviceStore(service.database)
    secret = one.cookies[COOKIE]
    found = await elsewhere.principal(secret)
    assert found is not None
    assert Role.OPERATOR is found.role
    await client.patch(f"/v1/people/{made['id']}", json={"active": False})
    async with asyncio.timeout(4):
        while await elsewhere.principal(secret) is not None:  # noqa: ASYNC110 - only time ends the trust
            await asyncio.sleep(0.1)
    await elsewhere.close()


async def test_a_query_that_began_before_a_change_is_not_trusted_after(
    service: Service, person: Person, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read while a device was revoked is used for its own request alone."""
    one = await signed_in(await person("operator"))
    store, secret = service.devices, one.cookies[COOKIE]
    store.forget()
    acquire = type(service.database).acquire

    def slow(database: Any) -> Any:
        context = acquire(database)
        store.forget()  # the change commits while the query runs
        return context

    monkeypatch.setattr(type(service.database), "acquire", slow)
    assert await store.principal(secret) is not None
    monkeypatch.undo()
    assert all(until < 0 for until, _ in store._verified.values())


async def test_the_last_administrator_stays(client: httpx.AsyncClient, person: Person, signed_in: SignedIn) -> None:
    """A person cannot leave the people without an administrator; two who try to remove each other at once leave one."""
    first, second = await person("admin"), await person("admin")
    one, two = await signed_in(first), await signed_in(second)
    changes = await asyncio.gather(
        one.patch(f"/v1/people/{second['id']}", json={"active": False}),
        two.patch(f"/v1/people/{first['id']}", json={"role": "viewer"}),
    )
    people = (await client.get("/v1/people")).json()["people"]
    left = [who for who in people if who["active"] and who["role"] == "admin"]
    assert 1 == len(left)
    assert 200 in [answer.status_code for answer in changes]
    last = one if left[0]["id"] == first["id"] else two
    path = f"/v1/people/{left[0]['id']}"
    for answer in (
        await last.patch(path, json={"role": "operator"}), await last.patch(path, json={"active": False}), await last.delete(path),
    ):  # fmt: skip
        assert (409, "last_administrator") == (answer.status_code, answer.json()["code"])
    assert 200 == (await last.patch(path, json={"name": "another name"})).status_code
    assert 204 == (await client.delete(path)).status_code, "a key of role admin can always make another one"


async def test_the_audit_log_names_people(client: httpx.AsyncClient, person: Person, signed_in: SignedIn, show: str) -> None:
    """Sign-ins, writes and administration have the person as their principal; no row has a secret."""
    made = await person("admin", name="林 小梅")
    one = await signed_in(made)
    await one.post("/v1/brands", json={"slug": "b", "name": "B"})
    other = (await one.post("/v1/people", json={"name": "王", "role": "viewer", "brand": "b"})).json()
    token = await token_of(one, other)
    _, secret = await share(one, show)
    await one.delete(f"/v1/people/{other['id']}/devices")
    entries = (await client.get("/v1/audit", params={"principal": made["id"]})).json()["entries"]
    assert [
        "device.delete", "share_link.create", "sign_in_link.create", "person.create", "brand.create", "device.create",
    ] == [entry["action"] for entry in entries]  # fmt: skip
    assert {("person", made["id"], "林 小梅")} == {tuple(entry["principal"].values()) for entry in entries}
    assert [other["id"]] * 2 == [entries[index]["object"]["id"] for index in (2, 3)]
    assert "b" == entries[3]["brand"]
    assert show == entries[1]["session"]
    log = str((await client.get("/v1/audit", params={"limit": 200})).json())
    for text in (token, secret, one.cookies[COOKIE], "tli_", "tlg_", "tlc_"):
        assert text not in log


async def test_what_a_person_enters_names_them(client: httpx.AsyncClient, person: Person, signed_in: SignedIn, show: str) -> None:
    """Releases and exchange rates say `person:<id>`; those of keys stay as they were."""
    made = await person("operator")
    one = await signed_in(made)
    released = await one.post(f"/v1/sessions/{show}/finalize", json={})
    assert f"person:{made['id']}" == released.json()["by"]
    rate = await one.put("/v1/exchange-rates/2021-09-25/CNY/JPY/TTM", json={"rate": "17.1", "source": "b"})
    assert f"person:{made['id']}" == rate.json()["entered_by"]
    by_key = await client.put("/v1/exchange-rates/2021-09-26/CNY/JPY/TTM", json={"rate": "17.1", "source": "b"})
    assert ":" not in by_key.json()["entered_by"]


async def test_a_browser_without_a_cookie_is_no_one(browser: Browser) -> None:
    """`/v1/me` is a 401; the page's own question has an answer that is no error."""
    one = browser()
    assert 401 == (await one.get("/v1/me")).status_code
    answer = await one.get("/v1/sign-in")
    assert (204, b"", "no-store") == (answer.status_code, answer.content, answer.headers["cache-control"])
