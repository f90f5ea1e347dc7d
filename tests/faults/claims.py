"""A room that two brands and the agency name: sessions, registrations, decisions."""

from typing import Any
from uuid import UUID

import httpx

from app.ingest.rebuilding import rebuild
from app.service import Service

Headers = dict[str, str]
ROOM = {"platform": "wechat", "room": "export/UzFf:1"}
CLAIMS, DECISIONS = "/v1/stream-claims", "/v1/stream-claims/decisions"


async def new_session(client: httpx.AsyncClient, headers: Headers | None = None, **fields: Any) -> str:
    """Create a session."""
    answer = await client.post("/v1/sessions", json={"title": "t", "currency": "CNY"} | fields, headers=headers)
    assert 201 == answer.status_code, answer.text
    return str(answer.json()["id"])


async def register(client: httpx.AsyncClient, session: str, headers: Headers | None = None) -> httpx.Response:
    """Register the room."""
    return await client.post(f"/v1/sessions/{session}/streams", json=ROOM, headers=headers)


async def viewers(client: httpx.AsyncClient, session: str) -> int | None:
    """Return how many viewers a session has."""
    found: int | None = (await client.get(f"/v1/sessions/{session}/kpis")).json()["kpis"]["viewers"]["value"]
    return found


async def decide(client: httpx.AsyncClient, session: str | None) -> dict[str, Any]:
    """Let the agency decide to whom the room belongs."""
    answer = await client.post(DECISIONS, json=ROOM | {"session": session})
    assert 200 == answer.status_code, answer.text
    return dict(answer.json())


async def assert_rebuilt_equal(service: Service, *sessions: str) -> None:
    """Assert that a rebuild finds no difference, and that no entry is packed that the log has not."""
    for session in sessions:
        assert [] == await rebuild.compare(service.database, service.settings, UUID(session))
        async with service.database.acquire() as connection:
            packed = await connection.fetchval(
                "SELECT coalesce(sum(length(entries)), 0) / 16 FROM movements WHERE session_id = $1", UUID(session)
            )
            logged = await connection.fetchval(
                "SELECT count(*) FROM events WHERE session_id = $1 AND type = 'live.viewer.entered'", UUID(session)
            )
        assert packed <= logged
