"""Sign-in as an attacker would try it: replay, fixation, forged requests, stolen devices, guesses, and where secrets end up."""

import asyncio
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any

import asyncpg
import httpx
import pytest
from pydantic import AnyHttpUrl

from app.api.access.addresses import TrustedProxies
from app.api.access.cookies import SignInCookie
from app.ingest.retention import retire
from app.main import create_app
from app.observability.logs import MASK, mask
from app.service import Service, open_service
from app.settings import Settings
from tests.people.conftest import COOKIE, Browser, Person, SignedIn, share, token_of

KEY_FORM = {"role": "operator", "name": "studio"}


async def _execute(service: Service, statement: str, *parameters: Any) -> None:
    await service.devices.close()  # a use that is still being written would undo the change
    async with service.database.acquire() as connection:
        await connection.execute(statement, *parameters)
    service.devices.forget()


async def test_the_cookie_is_for_this_server_and_no_script(client: httpx.AsyncClient, browser: Browser, person: Person) -> None:
    """HttpOnly, SameSite=Strict, the whole server as its path; the answer has no body and is not kept."""
    one = browser()
    answer = await one.post("/v1/sign-in", json={"token": await token_of(client, await person())})
    assert (204, b"", "no-store") == (answer.status_code, answer.content, answer.headers["cache-control"])
    cookie = SimpleCookie(answer.headers["set-cookie"])[COOKIE]
    assert (True, "Strict", "/", "", "") == tuple(cookie[name] for name in ("httponly", "samesite", "path", "secure", "domain"))
    assert 1 == len(answer.headers.get_list("set-cookie"))
    assert len(cookie.value) > 43


@pytest.mark.parametrize(
    ("public_url", "root_path", "forwarded", "begins", "path"),
    [
        ("https://tally.example", "", None, "__Host-tallylight=x; ", "/"),
        ("https://tally.example/tally", "/tally", None, "__Secure-tallylight=x; ", "/tally"),
        (None, "", b"https", "__Host-tallylight=x; ", "/"),
        (None, "", b"http", "tallylight=x; ", "/"),
        ("http://tally.example", "/tally", None, "tallylight=x; ", "/tally"),
    ],
)
def test_over_https_the_cookie_is_secure_and_cannot_be_planted(
    public_url: str | None, root_path: str, forwarded: bytes | None, begins: str, path: str
) -> None:
    """By the public URL, else by a trusted proxy; only the name of the request's own scheme is read."""
    cookie = SignInCookie(TrustedProxies(["127.0.0.1"]), (public_url and AnyHttpUrl(public_url)) or None, root_path)
    headers = [(b"cookie", b"other=1; tallylight=plain; __Secure-tallylight=below; __Host-tallylight=host")]
    scope: dict[str, Any] = {"client": ("127.0.0.1", 1), "scheme": "http", "headers": headers}
    if forwarded is not None:
        headers.append((b"x-forwarded-proto", forwarded))
    line = cookie.header(scope, "x")
    assert line.startswith(begins)
    assert begins.startswith("__") == line.endswith("; Secure")
    assert f"Path={path};" in line
    assert "Domain" not in line
    assert {"__Host-": "host", "__Secur": "below"}.get(begins[:7], "plain") == cookie.secret_of(scope)


async def test_a_link_works_once(client: httpx.AsyncClient, browser: Browser, person: Person) -> None:
    """Replayed, it is refused; of ten browsers that open it at once one is signed in."""
    token = await token_of(client, await person())
    browsers = [browser() for _ in range(10)]
    answers = await asyncio.gather(*(one.post("/v1/sign-in", json={"token": token}) for one in browsers))
    assert [204, *[401] * 9] == sorted(answer.status_code for answer in answers)
    replayed = await browser().post("/v1/sign-in", json={"token": token})
    assert (401, "sign_in_refused") == (replayed.status_code, replayed.json()["code"])
    assert "set-cookie" not in replayed.headers
    assert token not in replayed.text


async def test_a_link_expires_and_a_device_that_is_not_used(
    client: httpx.AsyncClient, service: Service, browser: Browser, person: Person, signed_in: SignedIn
) -> None:
    """After 72 hours, and after 30 days; the nightly job deletes both."""
    who = await person()
    made = (await client.post(f"/v1/people/{who['id']}/sign-in-links")).json()
    left = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=71.9) < left <= timedelta(hours=72)
    one = await signed_in(who)
    await _execute(service, "UPDATE sign_in_links SET expires_at = now() - interval '1 second'")
    token = made["url"].rpartition("/")[2]
    assert 401 == (await browser().post("/v1/sign-in", json={"token": token})).status_code
    assert 200 == (await one.get("/v1/me")).status_code
    await _execute(service, "UPDATE devices SET last_seen_at = now() - interval '30 days 1 second'")
    assert 401 == (await one.get("/v1/me")).status_code
    assert [] == (await client.get(f"/v1/people/{who['id']}/devices")).json()["devices"]
    await retire(service.database, service.settings, datetime.now(UTC))
    async with service.database.acquire() as connection:
        for table in ("sign_in_links", "devices"):
            assert 0 == await connection.fetchval(f"SELECT count(*) FROM {table}"), table


async def test_a_cookie_from_before_a_sign_in_is_worth_nothing_after(
    client: httpx.AsyncClient, browser: Browser, person: Person, signed_in: SignedIn
) -> None:
    """Fixation: a secret that an attacker planted, their own or an invented one, is never the one that is signed in."""
    attacker, victim = await signed_in(await person(name="attacker")), browser()
    planted = attacker.cookies[COOKIE]
    for value in (planted, "tlc_" + "A" * 43):
        victim.cookies.clear()
        victim.cookies.set(COOKIE, value, domain="tallylight.test")
        await signed_in(await person(name="victim"), victim)
        present = {cookie.value for cookie in victim.cookies.jar}
        assert value not in present
        follower = browser()
        follower.cookies.set(COOKIE, value, domain="tallylight.test")
        assert 401 == (await follower.get("/v1/me")).status_code
    first = victim.cookies[COOKIE]
    key = (await client.post("/v1/keys", json=KEY_FORM)).json()["key"]
    assert 204 == (await victim.post("/v1/sign-in", json={"key": key})).status_code
    assert first != victim.cookies[COOKIE]
    follower = browser()
    follower.cookies.set(COOKIE, first, domain="tallylight.test")
    assert 401 == (await follower.get("/v1/me")).status_code


async def test_a_bearer_key_wins_over_a_cookie(client: httpx.AsyncClient, person: Person, signed_in: SignedIn) -> None:
    """Also a wrong one; the credentials of a proxy in front, which are no bearer token, do not."""
    one = await signed_in(await person("operator"))
    key = (await client.post("/v1/keys", json={"role": "viewer"})).json()["key"]
    assert "key" == (await one.get("/v1/me", headers={"Authorization": f"Bearer {key}"})).json()["kind"]
    assert 401 == (await one.get("/v1/me", headers={"Authorization": f"Bearer {key}x"})).status_code
    assert "person" == (await one.get("/v1/me", headers={"Authorization": "Basic dXNlcjpwYXNz"})).json()["kind"]
    one.headers.pop("Sec-Fetch-Site")
    refused = await one.post("/v1/brands", json={"slug": "a", "name": "A"}, headers={"Authorization": f"Bearer {key}"})
    assert (403, "not_allowed") == (refused.status_code, refused.json()["code"])


async def test_a_key_becomes_a_cookie_and_dies_with_the_key(client: httpx.AsyncClient, browser: Browser) -> None:
    """Role and brand are the key's; after its revocation the cookie is worth nothing. A key that only sends has no page."""
    made = (await client.post("/v1/keys", json=KEY_FORM | {"brand": "maison-k"})).json()
    one = browser()
    assert 204 == (await one.post("/v1/sign-in", json={"key": made["key"]})).status_code
    me = (await one.get("/v1/me")).json()
    assert {"kind": "key", "id": made["id"], "role": "operator", "brand": "maison-k"}.items() <= me.items()
    assert made["id"] == (await one.get("/v1/keys/current")).json()["id"]
    assert 204 == (await client.delete(f"/v1/keys/{made['id']}")).status_code
    assert 401 == (await one.get("/v1/me")).status_code
    assert 401 == (await browser().post("/v1/sign-in", json={"key": made["key"]})).status_code
    sender = (await client.post("/v1/keys", json={"role": "ingest"})).json()["key"]
    assert 403 == (await browser().post("/v1/sign-in", json={"key": sender})).status_code


async def test_a_stolen_device_is_signed_out_alone(client: httpx.AsyncClient, person: Person, signed_in: SignedIn) -> None:
    """An administrator ends one of two devices by its id; a device of another person is a 404; then all are ended."""
    who, other = await person(), await person()
    laptop, stolen, third = await signed_in(who), await signed_in(who), await signed_in(other)
    stolen.headers["User-Agent"] = "x" * 500
    path = f"/v1/people/{who['id']}/devices"
    ids = {device["id"]: device["current"] for device in (await stolen.get(path)).json()["devices"]}
    assert [False, True] == sorted(ids.values())
    device = next(id for id, current in ids.items() if current)
    assert 404 == (await client.delete(f"/v1/people/{other['id']}/devices/{device}")).status_code
    assert 404 == (await client.delete(f"{path}/no-id")).status_code
    assert 204 == (await client.delete(f"{path}/{device}")).status_code
    assert [200, 401, 200] == [(await one.get("/v1/me")).status_code for one in (laptop, stolen, third)]
    assert 404 == (await client.delete(f"{path}/{device}")).status_code
    assert 204 == (await client.delete(path)).status_code
    assert [401, 200] == [(await one.get("/v1/me")).status_code for one in (laptop, third)]


async def test_signing_out_ends_the_device(person: Person, signed_in: SignedIn, browser: Browser) -> None:
    """The cookie is removed, and a copy of it is worth nothing."""
    one, copy = await signed_in(await person()), browser()
    copy.cookies.set(COOKIE, one.cookies[COOKIE], domain="tallylight.test")
    answer = await one.post("/v1/sign-out")
    assert 204 == answer.status_code
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert COOKIE not in one.cookies
    assert 401 == (await copy.get("/v1/me")).status_code


@pytest.mark.parametrize("form", [
    {}, {"token": "tli_x", "key": "tl_x_0123456789abcdef"}, {"token": None}, {"password": "x"}, {"token": "x" * 101}, {"token": 1}, ["x"],
])  # fmt: skip
async def test_a_sign_in_has_exactly_one_secret(browser: Browser, form: Any) -> None:
    """Anything else is a 422, which does not repeat what was sent."""
    answer = await browser().post("/v1/sign-in", json=form)
    assert 422 == answer.status_code
    assert "xxxx" not in answer.text


async def test_wrong_secrets_are_answered_alike_and_limited_by_address(settings: Settings) -> None:
    """Which secrets exist is not told; guesses use up the allowance of their address, those of valid secrets do not."""
    limited = Settings.model_validate(settings.model_dump() | {"address_requests_per_minute": 8})
    async with open_service(limited) as service:
        _, key = await service.keys.create("admin", None, "t")  # type: ignore[arg-type]
        transport = httpx.ASGITransport(create_app(service))
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as one:
            for _ in range(20):
                assert 204 == (await one.post("/v1/sign-in", json={"key": key})).status_code
            one.cookies.clear()
            wrong = [
                {"key": key + "x"},
                {"key": "no key"},
                {"token": "tli_" + "a" * 43},
                {"share": "tlg_" + "a" * 43},
                {"token": ""},
            ]
            answers = [await one.post("/v1/sign-in", json=form) for form in wrong]
            assert {401} == {answer.status_code for answer in answers}
            assert 1 == len({(answer.json()["code"], answer.json()["detail"]) for answer in answers})
            one.cookies.set(COOKIE, "tlc_" + "a" * 43)
            assert 401 == (await one.get("/v1/me")).status_code
            for _ in range(20):
                last = await one.post("/v1/sign-in", json={"token": "tli_" + "b" * 43})
            assert 429 == last.status_code
            assert 429 == (await one.get("/v1/me")).status_code


async def test_the_devices_of_one_person_are_bounded(
    client: httpx.AsyncClient, service: Service, person: Person, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more signs the one out that was unused longest; so is the number of links that are valid at a time."""
    monkeypatch.setattr("app.catalogue.callers.sign_in._MOST_DEVICES", {"person": 2})
    who = await person()
    one, two = await signed_in(who), await signed_in(who)
    await _execute(
        service, "UPDATE devices SET last_seen_at = now() - interval '1 day' WHERE id = (SELECT min(id::text)::uuid FROM devices)"
    )
    await signed_in(who)
    assert 1 == [(await browser.get("/v1/me")).status_code for browser in (one, two)].count(401)
    assert 2 == len((await client.get(f"/v1/people/{who['id']}/devices")).json()["devices"])
    tokens = [await token_of(client, who) for _ in range(11)]
    answers = [(await client.post("/v1/sign-in", json={"token": token})).status_code for token in tokens]
    assert 401 == answers[0]
    assert [204] * 10 == answers[1:]


async def test_secrets_are_stored_hashed_and_never_logged(
    client: httpx.AsyncClient, service: Service, person: Person, signed_in: SignedIn, show: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """No table, log line or error has a secret of a link, a share link or a cookie."""
    who = await person()
    one, token = await signed_in(who), await token_of(client, who)
    _, secret = await share(client, show)
    secrets = [token, secret, one.cookies[COOKIE]]
    for wrong in secrets:
        assert wrong not in (await one.post("/v1/sign-in", json={"token": wrong, "key": wrong})).text
    async with service.database.acquire() as connection:
        for table in ("people", "sign_in_links", "devices", "share_links", "audit_log"):
            rows = str([list(row.values()) for row in await connection.fetch(f"SELECT * FROM {table}")])
            assert [] == [text for text in secrets if text in rows or text.partition("_")[2] in rows], table
    captured = capfd.readouterr()
    assert [] == [text for text in secrets if text in captured.err + captured.out]
    line = mask(None, "info", {"event": f"GET /#/sign-in/{token} {secret} {one.cookies[COOKIE]}", "list": secrets})
    assert [] == [text for text in secrets if text in str(line)]
    assert 6 == str(line).count(MASK)


async def test_the_event_stream_of_a_device_ends_with_it(
    client: httpx.AsyncClient, service: Service, person: Person, signed_in: SignedIn, show: str
) -> None:
    """A stream or ticket is worth what its device is: signed out, or with another role, it is no longer valid."""
    who = await person("operator")
    one = await signed_in(who)
    ticket = (await one.post(f"/v1/sessions/{show}/stream-tickets")).json()["ticket"]
    device = (await one.get(f"/v1/people/{who['id']}/devices")).json()["devices"][0]["id"]
    (before,) = (await service.principals.of([f"device:{device}"])).values()
    await client.patch(f"/v1/people/{who['id']}", json={"role": "viewer", "brand": "another"})
    (after,) = (await service.principals.of([f"device:{device}"])).values()
    assert before != after
    redeemed = await client.get(f"/v1/sessions/{show}/stream", params={"ticket": ticket}, headers={"Authorization": ""})
    assert redeemed.status_code in {401, 404}
    await client.delete(f"/v1/people/{who['id']}/devices")
    assert {} == await service.principals.of([f"device:{device}"])
    async with httpx.AsyncClient(transport=client._transport, base_url=client.base_url) as anonymous:
        assert 401 == (await anonymous.get(f"/v1/sessions/{show}/stream", params={"ticket": ticket})).status_code


async def test_a_device_has_exactly_one_owner(service: Service) -> None:
    """The database refuses a device of no one."""
    with pytest.raises(asyncpg.CheckViolationError):
        await _execute(service, "INSERT INTO devices (id, secret_hash, last_seen_at) VALUES (gen_random_uuid(), 'x', now())")
