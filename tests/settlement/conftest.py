"""Keys, sessions and revisions for the tests of the settlement package."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.service import Service

Headers = dict[str, str]
KeyFor = Callable[..., Awaitable[Headers]]
Released = Callable[..., Awaitable[str]]


@pytest.fixture
def key_for(client: httpx.AsyncClient) -> KeyFor:
    """Make a key and return the header that presents it."""

    async def make(role: str, brand: str | None = None) -> Headers:
        answer = await client.post("/v1/keys", json={"role": role, "brand": brand})
        assert 201 == answer.status_code, answer.text
        return {"Authorization": f"Bearer {answer.json()['key']}"}

    return make


@pytest.fixture
def released(client: httpx.AsyncClient, service: Service) -> Released:
    """Make a session that ended, with revisions of these net amounts in minor units; None: no revision.

    The rows are written as a release writes them; a release itself computes a whole report.
    """

    async def make(*nets: int | None, session: str | None = None, **more: Any) -> str:
        form = {"brand": "maison-k", "title": "秋の新作", "currency": "CNY", "time_zone": "Asia/Shanghai", **more}
        ended_at = form.pop("ended_at", "2021-09-25T08:24:00Z")
        if session is None:
            answer = await client.post("/v1/sessions", json=form)
            assert 201 == answer.status_code, answer.text
            session = answer.json()["id"]
        async with service.database.write() as connection:
            await connection.execute(text(_END), {"session": session, "ended": ended_at})
            for net in nets:
                if net is not None:
                    row = {
                        "session": session,
                        "net": str(net),
                        "ended": ended_at,
                        "zone": form["time_zone"],
                        "currency": form["currency"],
                    }
                    await connection.execute(text(_REVISION), row)
        return session

    return make


_END = "UPDATE sessions SET ended_at = CAST(CAST(:ended AS text) AS timestamptz) WHERE id = CAST(:session AS uuid)"
_REVISION = """
    WITH numbered AS (
        UPDATE sessions SET revision = coalesce(revision, 0) + 1 WHERE id = CAST(:session AS uuid) RETURNING id, revision
    )
    INSERT INTO revisions (session_id, number, created_at, created_by, sha256, document, kpis, ended_at, time_zone, currency, gmv, net_gmv)
    SELECT id, revision, now(), 'test', '', '{}', '{}', CAST(CAST(:ended AS text) AS timestamptz), :zone, :currency,
           CAST(CAST(:net AS text) AS numeric), NULL
    FROM numbered
"""

CONTRACT: dict[str, Any] = {
    "brand": "maison-k",
    "plan": "custom",
    "starts_on": "2021-09-01",
    "shares": [{"to": "agency", "rate": "0.30"}, {"to": "kol:kobayashi", "rate": "0.10", "of": "agency"}],
    "fees": [{"kind": "monthly", "name": "運営費", "amount": "200000"}],
    "tax": {"registration_number": "T7000012050002"},
    "deliverables": {"broadcast": 1, "article": 2},
}
RATE = "/v1/exchange-rates/2021-09-25/CNY/JPY/TTM"
SEPTEMBER = {"brand": "maison-k", "month": "2021-09"}


@pytest.fixture
async def agreed(client: httpx.AsyncClient) -> None:
    """The contract of the example, and its exchange rate."""
    assert 201 == (await client.post("/v1/contracts", json=CONTRACT)).status_code
    assert 200 == (await client.put(RATE, json={"rate": "17.09", "source": "a bank"})).status_code


async def drafted(client: httpx.AsyncClient, month: str = "2021-09", status: int = 201) -> dict[str, Any]:
    """Draft a month and return the document."""
    answer = await client.post("/v1/settlements", json=SEPTEMBER | {"month": month})
    assert status == answer.status_code, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def issued(client: httpx.AsyncClient, month: str = "2021-09") -> dict[str, Any]:
    """Draft and issue a month, and return the document."""
    found = await drafted(client, month)
    answer = await client.post(f"/v1/settlements/{found['id']}/issue")
    assert 200 == answer.status_code, answer.text
    document: dict[str, Any] = answer.json()
    return document
