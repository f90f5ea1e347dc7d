"""Share links: what a guest reads, and everything that a guest does not, by every route of the API."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.api.access import guests
from app.catalogue.access import Role
from app.service import Service
from tests.api.document import DOCUMENT
from tests.conftest import KeyMaker
from tests.images import png
from tests.kpis.event_builders import NewSession, Send, paid
from tests.people.conftest import Browser, Person, SignedIn, share
from tests.release.conftest import Finalize

OPERATIONS = {
    operation["operationId"]: (method.upper(), path)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
PUBLIC = {
    "list_labels", "get_health", "get_readiness", "get_metrics", "get_sign_in", "sign_in", "verify_webhook",
    "verify_webhook_with_token", "receive_webhook", "receive_webhook_with_token",
}  # fmt: skip
"""Operations without a caller."""
INTERNAL = ["秘密の現場記録", "社内の理由"]


async def _guest(client: httpx.AsyncClient, browser: Browser, session: str, **form: Any) -> httpx.AsyncClient:
    one = browser()
    _, secret = await share(client, session, **form)
    assert 204 == (await one.post("/v1/sign-in", json={"share": secret})).status_code
    return one


@pytest.fixture
def path(show: str) -> dict[str, str]:
    """Values of every path parameter, of a session that exists."""
    names = {name for _, path in OPERATIONS.values() for name in path.replace("}", "{").split("{")[1::2]}
    return dict.fromkeys(names, str(uuid4())) | {"session": show, "number": "1", "chart": "timeline"}


@pytest.mark.usefixtures("undrawn")
async def test_a_guest_reaches_what_the_link_shows_by_no_other_route(
    client: httpx.AsyncClient, browser: Browser, show: str, finalize: Finalize, path: dict[str, str], new_session: NewSession
) -> None:
    """Every route as a guest: the allow-list of the link answers, all else is a 404, as are all other sessions.

    A file is answered with what it is drawn from, in which an internal text would be seen.
    """
    await finalize(show, INTERNAL[1])
    brand = (await client.get(f"/v1/sessions/{show}")).json()["brand"]
    assert 200 == (await client.put(f"/v1/brands/{brand}/logo", content=png())).status_code
    other = await new_session(streams=[])
    for shows, allowed in ((["report"], guests.REPORT), (["report", "live"], guests.REPORT | guests.LIVE)):
        one = await _guest(client, browser, show, shows=shows)
        for operation in sorted(OPERATIONS.keys() - PUBLIC - guests.OWN):
            method, template = OPERATIONS[operation]
            if operation == "stream_session" and operation in allowed:
                continue  # it does not end; its own test is below
            answer = await one.request(method, template.format_map(path), json=None if method == "GET" else {})
            expected = 200 if operation in allowed else 404
            assert expected == answer.status_code, f"{shows} {operation}: {answer.text}"
            assert [] == [text for text in INTERNAL if text in answer.text], operation
        for operation in sorted(guests.REPORT | guests.LIVE):
            method, template = OPERATIONS[operation]
            assert 404 == (await one.request(method, template.format_map(path | {"session": other}))).status_code, operation
        me = (await one.get("/v1/me")).json()
        assert {"kind": "guest", "role": "viewer", "session": show, "shows": shows}.items() <= me.items()


def test_the_allow_list_names_routes_that_exist_and_only_read() -> None:
    """A renamed or a writing route would not go unnoticed."""
    assert guests.REPORT | guests.LIVE | guests.OWN <= OPERATIONS.keys()
    assert {"GET"} == {OPERATIONS[operation][0] for operation in guests.REPORT | guests.LIVE}


async def test_a_guest_reads_the_client_edition_of_the_latest_revision(
    client: httpx.AsyncClient, browser: Browser, show: str, send: Send, finalize: Finalize
) -> None:
    """Nothing before the first release, then the latest; never the internal edition, nor an earlier revision."""
    one, base = await _guest(client, browser, show, lang="zh"), f"/v1/sessions/{show}"
    early = await one.get(f"{base}/report")
    assert (404, "not_released") == (early.status_code, early.json()["code"])
    await finalize(show)
    await send("wechat:room", paid(300, "late", "b4", ("knit", 1, "100.00")))
    await finalize(show)
    report = (await one.get(f"{base}/report")).json()
    assert ("client", 2) == (report["edition"], report["revision"])
    assert INTERNAL[0] not in str(report)
    assert 403 == (await one.get(f"{base}/report", params={"edition": "internal"})).status_code
    assert 404 == (await one.get(f"{base}/revisions/1")).status_code
    assert [2] == [revision["number"] for revision in (await one.get(f"{base}/revisions")).json()["revisions"]]
    me = (await one.get("/v1/me")).json()
    assert ("zh", (await client.get(base)).json()["brand"]) == (me["lang"], me["brand"])


async def test_a_revoked_link_ends_its_guests_at_once(
    client: httpx.AsyncClient, browser: Browser, show: str, finalize: Finalize
) -> None:
    """Those of the other link go on; the secret opens nothing any more."""
    await finalize(show)
    link, secret = await share(client, show)
    other = await _guest(client, browser, show)
    one, base = browser(), f"/v1/sessions/{show}"
    await one.post("/v1/sign-in", json={"share": secret})
    assert 200 == (await one.get(f"{base}/report")).status_code
    used = next(x for x in (await client.get(f"{base}/share-links")).json()["share_links"] if x["id"] == link["id"])
    assert used["last_used_at"] is not None
    assert 204 == (await client.delete(f"{base}/share-links/{link['id']}")).status_code
    assert [401, 200] == [(await x.get(f"{base}/report")).status_code for x in (one, other)]
    assert 401 == (await browser().post("/v1/sign-in", json={"share": secret})).status_code
    assert 404 == (await client.delete(f"{base}/share-links/{link['id']}")).status_code


async def test_a_link_expires_with_its_guests(
    client: httpx.AsyncClient, service: Service, browser: Browser, show: str, finalize: Finalize
) -> None:
    """At the time that it names, also for those who have opened it before."""
    await finalize(show)
    _, secret = await share(client, show, expires_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    one = browser()
    assert 204 == (await one.post("/v1/sign-in", json={"share": secret})).status_code
    async with service.database.acquire() as connection:
        await connection.execute("UPDATE share_links SET expires_at = now() - interval '1 second'")
    service.devices.forget()
    assert 401 == (await one.get(f"/v1/sessions/{show}/report")).status_code
    assert 401 == (await browser().post("/v1/sign-in", json={"share": secret})).status_code


async def test_links_are_made_listed_and_refused(
    client: httpx.AsyncClient, show: str, keys: KeyMaker, new_session: NewSession
) -> None:
    """The contract's members; the URL once; operators of the brand, and no viewers or other brands."""
    link, secret = await share(client, show, shows=["live", "report"], lang="en")
    assert {"id", "url", "shows", "lang", "expires_at", "created_by", "created_at", "last_used_at"} == link.keys()
    assert (["report", "live"], "en", None) == (link["shows"], link["lang"], link["expires_at"])
    assert link["created_by"].startswith("key:")
    listed = await client.get(f"/v1/sessions/{show}/share-links")
    assert [{name: value for name, value in link.items() if name != "url"}] == listed.json()["share_links"]
    assert secret not in listed.text
    for form, pointer in (
        ({"shows": ["live"]}, "/shows"), ({"shows": []}, "/shows"), ({"shows": ["report", "report"]}, "/shows"), ({"lang": "fr"}, "/lang"),
        ({"expires_at": "2021-01-01T00:00:00Z"}, "/expires_at"), ({"edition": "internal"}, "/edition"),
    ):  # fmt: skip
        refused = await client.post(f"/v1/sessions/{show}/share-links", json=form)
        assert (422, pointer) == (refused.status_code, refused.json()["errors"][0]["pointer"])
    mine = (await client.post("/v1/brands", json={"slug": "mine", "name": "Mine"})).json()["id"]
    for headers, status in ((await keys(Role.VIEWER), 403), (await keys(Role.OPERATOR, mine), 404)):
        for method, url in (("GET", ""), ("POST", ""), ("DELETE", f"/{link['id']}")):
            answer = await client.request(method, f"/v1/sessions/{show}/share-links{url}", json={}, headers=headers)
            assert status == answer.status_code
    elsewhere = await new_session(streams=[])
    assert 404 == (await client.delete(f"/v1/sessions/{elsewhere}/share-links/{link['id']}")).status_code


async def test_a_guest_of_a_deleted_session_is_signed_out(
    client: httpx.AsyncClient, service: Service, browser: Browser, show: str
) -> None:
    """The link goes with its session, within the two seconds that a process trusts a device."""
    one = await _guest(client, browser, show)
    assert 204 == (await client.delete(f"/v1/sessions/{show}")).status_code
    service.devices.forget()
    assert 401 == (await one.get("/v1/me")).status_code


@pytest.mark.usefixtures("undrawn")
async def test_people_read_by_role_and_brand_as_keys_do(
    client: httpx.AsyncClient,
    person: Person,
    signed_in: SignedIn,
    keys: KeyMaker,
    show: str,
    finalize: Finalize,
    path: dict[str, str],
) -> None:
    """Every reading route answers a person as a key of the same role and brand, whether bound or not."""
    await finalize(show)
    brand = (await client.get(f"/v1/sessions/{show}")).json()["brand"]
    brand_id = (await client.get(f"/v1/brands/{brand}")).json()["id"]
    reads = sorted(
        name for name, (method, _) in OPERATIONS.items()
        if method == "GET" and name not in PUBLIC | {"stream_session", "get_me", "get_current_key"}
    )  # fmt: skip
    for role, bound in (("viewer", True), ("viewer", False), ("operator", True), ("operator", False), ("admin", False)):
        one = await signed_in(await person(role, brand if bound else None))
        key = await keys(role, brand_id if bound else None)
        for operation in reads:
            url = OPERATIONS[operation][1].format_map(path | {"brand": brand})
            by_person, by_key = await one.get(url), await one.get(url, headers=key)
            assert by_key.status_code == by_person.status_code, f"{role} {operation}"
