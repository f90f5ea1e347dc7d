"""A secret replaces another: the previous one is valid until its end, which is shown, set and brought forward."""

import base64
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx

from app.service import Service
from tests.platforms.conftest import Connect

OLD, NEW, NEWEST = ("whsec_" + base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2, 3))


async def _delivered(client: httpx.AsyncClient, url: str, secret: str, number: int) -> int:
    body, sent = b'{"type":"other","data":{}}', str(int(datetime.now(UTC).timestamp()))
    signed = b".".join((f"m{number}".encode(), sent.encode(), body))
    signature = base64.b64encode(hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), signed, "sha256")).decode()
    headers = {"webhook-id": f"m{number}", "webhook-timestamp": sent, "webhook-signature": f"v1,{signature}"}
    return (
        await client.post(urlsplit(url).path, content=body, headers=headers | {"Content-Type": "application/json"})
    ).status_code


async def test_the_previous_secret_ends(client: httpx.AsyncClient, connect: Connect, service: Service) -> None:
    """It is accepted after the rotation, until the end that is set, and not a moment longer; another rotation forgets the end."""
    made = await connect("standard_webhooks", {"secret": OLD})
    url, path = made["webhook_url"], f"/v1/connections/{made['id']}"

    async def change(**fields: Any) -> dict[str, Any]:
        answer = await client.patch(path, json=fields)
        assert 200 == answer.status_code, answer.text
        return dict(answer.json())

    async def accepted(number: int) -> list[bool]:
        return [200 == await _delivered(client, url, secret, number + n) for n, secret in enumerate((OLD, NEW, NEWEST))]

    assert made["previous_secret_expires_at"] is None
    early = await client.patch(path, json={"previous_secret_expires_at": "2100-01-01T00:00:00Z"})
    assert ("/previous_secret_expires_at", "no_previous_secret") == tuple(
        early.json()["errors"][0][n] for n in ("pointer", "code")
    )
    rotated = await change(secrets={"secret": NEW})
    assert (["previous_secret", "secret"], None) == (rotated["secrets_set"], rotated["previous_secret_expires_at"])
    assert [True, True, False] == await accepted(10)
    late = await client.patch(path, json={"previous_secret_expires_at": "2000-01-01T00:00:00Z"})
    assert (422, "in_future") == (late.status_code, late.json()["errors"][0]["code"])
    end = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert end[:19] == (await change(previous_secret_expires_at=end))["previous_secret_expires_at"][:19]
    # Other changes keep the end.
    assert end[:19] == (await change(name="renamed"))["previous_secret_expires_at"][:19]
    assert [True, True, False] == await accepted(20)
    async with service.database.acquire() as connection:
        over = datetime.now(UTC) - timedelta(seconds=1)
        await connection.execute("UPDATE connections SET previous_secret_until = $2 WHERE id = $1", UUID(made["id"]), over)
    service.platforms.connection_cache.invalidate(UUID(made["id"]))
    assert [False, True, False] == await accepted(30)
    shown = (await client.get(path)).json()
    assert (["secret"], None) == (shown["secrets_set"], shown["previous_secret_expires_at"])
    # What has ended does not come back with another change.
    assert ["secret"] == (await change(name="again"))["secrets_set"]
    again = await change(secrets={"secret": NEWEST})
    assert (["previous_secret", "secret"], None) == (again["secrets_set"], again["previous_secret_expires_at"])
    assert [False, True, True] == await accepted(40)
    both = await change(secrets={"secret": OLD}, previous_secret_expires_at=end)
    assert end[:19] == both["previous_secret_expires_at"][:19]
    ended = await change(secrets={"previous_secret": None})
    assert (["secret"], None) == (ended["secrets_set"], ended["previous_secret_expires_at"])
    assert [True, False, False] == await accepted(50)
