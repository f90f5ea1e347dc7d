"""Stream tickets: what they open, and everything that they do not."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given, strategies as st

from app.catalogue.access import Role
from app.live.tickets import PREFIX, Ticket, TicketSigner
from app.observability.logs import MASK, mask
from app.service import Service
from tests.conftest import KeyMaker
from tests.live.conftest import make_session

NOW = datetime(2026, 9, 25, 5, 0, tzinfo=UTC)
OFFICE = TicketSigner("s" * 32, None, timedelta(seconds=60))
TICKET = Ticket(UUID(int=7), "key:0123456789ab")


@given(session=st.uuids(), credential=st.from_regex(r"(key|device):[A-Za-z0-9-]{1,36}", fullmatch=True))
def test_a_ticket_says_what_was_issued(session: UUID, credential: str) -> None:
    """Session and credential come back as they were."""
    ticket = Ticket(session, credential)
    text, expires_at = OFFICE.issue(ticket, NOW)
    assert ticket == OFFICE.check(text, NOW)
    assert NOW + timedelta(seconds=60) == expires_at


def test_a_ticket_expires_to_the_second() -> None:
    """At the moment that it names it is worth nothing."""
    text, expires_at = OFFICE.issue(TICKET, NOW)
    assert TICKET == OFFICE.check(text, expires_at - timedelta(microseconds=1))
    assert OFFICE.check(text, expires_at) is None


@given(place=st.integers(0, 200), character=st.sampled_from("ABCDEFabcdef0123456789-_=. あ"))
def test_no_other_text_is_a_ticket(place: int, character: str) -> None:
    """Whatever one character is changed to, wherever."""
    text, _ = OFFICE.issue(TICKET, NOW)
    place %= len(text)
    changed = text[:place] + character + text[place + 1 :]
    assert (TICKET if changed == text else None) == OFFICE.check(changed, NOW)


@given(text=st.text(max_size=300))
def test_any_text_is_refused_and_nothing_else_happens(text: str) -> None:
    """Also one that begins as a ticket does."""
    assert OFFICE.check(text, NOW) is None
    assert OFFICE.check(PREFIX + text, NOW) is None


def test_another_secret_refuses_and_the_one_before_is_still_known() -> None:
    """So a change of the secret breaks no ticket of this minute."""
    text, _ = OFFICE.issue(TICKET, NOW)
    assert TicketSigner("t" * 32, None, timedelta(60)).check(text, NOW) is None
    assert TICKET == TicketSigner("t" * 32, "s" * 32, timedelta(60)).check(text, NOW)


def test_logs_mask_a_ticket_wherever_it_stands() -> None:
    """In the midst of a text as well."""
    text, _ = OFFICE.issue(TICKET, NOW)
    line = mask(None, "info", {"event": f"GET /v1/sessions/x/stream?ticket={text}&lang=en", "ticket": [text]})
    assert text not in str(line)
    assert MASK in str(line)


async def test_a_ticket_opens_the_stream_of_its_session_alone(client: httpx.AsyncClient, session: str) -> None:
    """Another session's stream is a 401, as with no ticket at all."""
    other = await make_session(client, streams=[])
    answer = await client.post(f"/v1/sessions/{session}/stream-tickets")
    assert (201, "no-store") == (answer.status_code, answer.headers["cache-control"])
    issued = answer.json()
    assert f"/v1/sessions/{session}/stream?ticket={issued['ticket']}" == issued["url"]
    async with httpx.AsyncClient(base_url=client.base_url) as anonymous:
        refused = await anonymous.get(f"/v1/sessions/{other}/stream", params={"ticket": issued["ticket"]})
        assert (401, "application/problem+json") == (refused.status_code, refused.headers["content-type"])
        assert issued["ticket"] not in refused.text
        async with anonymous.stream("GET", issued["url"]) as stream:
            assert 200 == stream.status_code
        for path in ("kpis", "alerts"):
            assert 401 == (await anonymous.get(f"/v1/sessions/{session}/{path}", params={"ticket": issued["ticket"]})).status_code


async def test_a_ticket_dies_with_its_key(client: httpx.AsyncClient, service: Service, session: str) -> None:
    """At once in every process: the key is checked at each connection."""
    key_id, key = await service.keys.create(Role.VIEWER, None, "t")
    answer = await client.post(f"/v1/sessions/{session}/stream-tickets", headers={"Authorization": f"Bearer {key}"})
    await service.keys.revoke(key_id)
    async with httpx.AsyncClient(base_url=client.base_url) as anonymous:
        assert 401 == (await anonymous.get(answer.json()["url"])).status_code


async def test_an_expired_ticket_is_a_401(client: httpx.AsyncClient, service: Service, session: str) -> None:
    """And its text is not in the answer."""
    text, _ = service.tickets.issue(Ticket(UUID(session), "key:x"), datetime.now(UTC) - timedelta(minutes=2))
    async with httpx.AsyncClient(base_url=client.base_url) as anonymous:
        answer = await anonymous.get(f"/v1/sessions/{session}/stream", params={"ticket": text})
    assert 401 == answer.status_code
    assert text not in answer.text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_another_brand_gets_neither_ticket_nor_stream(
    client: httpx.AsyncClient, service: Service, keys: KeyMaker, session: str, role: Role
) -> None:
    """404 on both, whether the session is watched already or not; a ticket of the other brand opens nothing either."""
    mine = (await client.post("/v1/brands", json={"slug": "mine", "name": "Mine"})).json()["id"]
    headers = await keys(role, mine)
    key_id = (await client.get("/v1/keys")).json()["keys"][0]["id"]
    forged, _ = service.tickets.issue(Ticket(UUID(session), f"key:{key_id}"), datetime.now(UTC))
    for _ in range(2):
        assert 404 == (await client.post(f"/v1/sessions/{session}/stream-tickets", headers=headers)).status_code
        assert 404 == (await client.get(f"/v1/sessions/{session}/stream", headers=headers)).status_code
        async with httpx.AsyncClient(base_url=client.base_url) as anonymous:
            assert 404 == (await anonymous.get(f"/v1/sessions/{session}/stream", params={"ticket": forged})).status_code
    assert 404 == (await client.get(f"/v1/sessions/{uuid4()}/stream")).status_code
    async with client.stream("GET", f"/v1/sessions/{session}/stream") as stream:
        assert 200 == stream.status_code
        assert 404 == (await client.get(f"/v1/sessions/{session}/stream", headers=headers)).status_code
