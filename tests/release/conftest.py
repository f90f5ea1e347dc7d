"""Sessions to release: telemetry of a show over HTTP, on the real database."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import httpx
import pytest

from app.service import Service
from app.storage.event_log import log_partitions
from tests.kpis.conftest import new_session, read, send
from tests.kpis.event_builders import Answer, NewSession, Send, paid

__all__ = ["new_session", "read", "send"]

Finalize = Callable[..., Awaitable[Answer]]
HOUR = timedelta(hours=1)


async def end_of_first(service: Service) -> datetime:
    """Return when the last month of the first partition of the log is over."""
    async with service.database.acquire() as connection:
        return log_partitions.made_at((await log_partitions.partitions(connection))[0].upper)


@pytest.fixture
async def show(client: httpx.AsyncClient, new_session: NewSession, send: Send) -> str:
    """A session that has ended, on two platforms, with a contradiction of its figures, notes, a promotion and insights."""
    session = await new_session(
        host="小林",
        lineup=[{"product": "knit", "name": "ニット"}, {"product": "pants", "name": "パンツ"}],
        promotions=[{"url": "https://example.test/1", "kind": "video", "title": "一"}],
        streams=[{"platform": "wechat", "room": "room"}, {"platform": "weibo", "room": "w"}],
    )
    await send(
        "wechat:room",
        ("session.started", 0, {}),
        ("audience.sampled", 600, {"concurrent": 100, "viewers_total": 1000, "average_watch_seconds": 90000}),
        ("product.showcased", 60, {"product": "knit"}),
        ("product.clicked", 70, {"viewer": "v1", "product": "knit", "count": 3}),
        paid(120, "o1", "b1", ("knit", 2, "200.00")),
        paid(180, "o2", "b2", ("pants", 1, "50.50")),
        ("promotion.measured", 1, {"promotion": "https://example.test/1", "views_total": 1200, "engagements_total": 33}),
        ("session.ended", 3600, {}),
    )
    await send("weibo:w", ("session.started", 0, {}), paid(240, "o3", "b3", ("coat", 1, "9.50")), ("session.ended", 3500, {}))
    for kind, text in (("observation", "秘密の現場記録"), ("summary", "公開のまとめ")):
        note = {"section": "live", "kind": kind, "text": text}
        assert 201 == (await client.post(f"/v1/sessions/{session}/notes", json=note)).status_code
    return session


@pytest.fixture
def finalize(client: httpx.AsyncClient) -> Finalize:
    """Release a session; the note and headers may be given."""

    async def post(session: str, note: str | None = None, **headers: str) -> Answer:
        form = None if note is None else {"note": note}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await client.post(f"/v1/sessions/{session}/finalize", json=form, headers=named)
        assert 201 == answer.status_code, answer.text
        return dict(answer.json())

    return post
