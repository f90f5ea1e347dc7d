"""Every sample request of a platform, sent over HTTP, gets the answer that its platform expects."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from app.api.ingest import webhooks
from tests.adapters.sample_requests import ANSWERED, secrets_of
from tests.platforms.conftest import Answer, Connect, path_of

Sample = Callable[[str], Answer]


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], None]:
    """Set the server's clock to the time for which a sample was signed."""

    def freeze(found: Answer) -> None:
        class Clock(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]  # it replaces the name in one module
                return datetime.fromtimestamp(found.get("frozen_time", 1_788_000_500), tz or UTC)

        monkeypatch.setattr(webhooks, "datetime", Clock)

    return freeze


async def send(client: httpx.AsyncClient, connection: Answer, found: Answer) -> httpx.Response:
    """Send a sample byte for byte."""
    body = (found.get("body") or "").encode()
    return await client.request(
        found["method"], path_of(connection), params=found.get("query"), headers=found.get("headers"), content=body
    )


async def connection_of(connect: Connect, found: Answer) -> Answer:
    """Return a connection with a sample's secrets and options."""
    return await connect(found["kind"], secrets_of(found), **found.get("options", {}))


@pytest.mark.parametrize("name", ANSWERED)
async def test_a_sample_gets_the_answer_that_its_platform_expects(
    name: str, sample: Sample, connect: Connect, client: httpx.AsyncClient, frozen: Callable[[Answer], None]
) -> None:
    """A sample gets the answer that its platform expects."""
    found = sample(name)
    frozen(found)
    answer = await send(client, await connection_of(connect, found), found)
    expect = found["expect"]
    assert (200 if expect["status"] == "2xx" else expect["status"]) == answer.status_code
    assert expect.get("body", answer.text) == answer.text
    assert expect.get("content_type", "") in answer.headers.get("content-type", "")


async def test_a_sample_with_a_wrong_msg_signature_is_refused_and_stores_nothing(
    sample: Sample, connect: Connect, client: httpx.AsyncClient, stored: Callable[[], Any]
) -> None:
    """A sample with a wrong msg_signature is refused, and only the connection counts it."""
    found = sample("wechat_neg_bad_msg_signature")
    shop = await connection_of(connect, found)
    answer = await send(client, shop, found)
    assert (401, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert 0 == sum((await stored()).values())
    state = (await client.get(f"/v1/connections/{shop['id']}")).json()
    assert (1, "msg_signature does not match") == (state["counts"]["refused"], state["last_error"])


async def test_the_published_vector_of_standard_webhooks_is_refused_once_it_is_old(
    sample: Sample, connect: Connect, client: httpx.AsyncClient, frozen: Callable[[Answer], None]
) -> None:
    """The published vector is accepted at its time and refused half an hour later."""
    found = sample("standardwebhooks_known_vector")
    hook = await connect("standard_webhooks", {"secret": found["secret"]})
    frozen({"frozen_time": 1_614_265_330})
    assert 200 == (await send(client, hook, found)).status_code
    frozen({"frozen_time": 1_614_265_330 + 1800})
    assert 401 == (await send(client, hook, found)).status_code


async def test_the_forwarders_sample_fills_a_session(
    sample: Sample, connect: Connect, client: httpx.AsyncClient, new_session: Connect, kpis: Callable[..., Any]
) -> None:
    """The forwarder's sample is accepted at the URL with its token, and its events are in the figures immediately."""
    found = sample("wxlivespy_forward")
    session = await new_session(("wechat", "2042584726460027863"))
    spy = await connect("wechat_spy")
    assert 5 == len(path_of(spy).split("/"))
    for _ in range(2):
        assert 200 == (await send(client, spy, found)).status_code
    figures = await kpis(session["id"], "wechat")
    assert (1, 1, 4521) == (figures["comments"], figures["viewers"], figures["likes"])
    counts = (await client.get(f"/v1/connections/{spy['id']}")).json()["counts"]
    assert (2, 1) == (counts["deliveries"], counts["duplicates"])


@pytest.mark.parametrize("token", ["", "/wrong", "/" + "A" * 32])
async def test_the_forwarders_url_without_its_token_is_not_found(
    token: str, sample: Sample, connect: Connect, client: httpx.AsyncClient, stored: Callable[[], Any]
) -> None:
    """A wrong token gives the same answer as a missing connection."""
    spy = await connect("wechat_spy")
    answer = await client.post(f"/v1/webhooks/{spy['id']}{token}", content=sample("wxlivespy_forward")["body"])
    unknown = await client.post(f"/v1/webhooks/0192f1a0-b3c4-7d06-8000-5f5e1a2b3c4d{token}", content="{}")
    assert (404, 404) == (answer.status_code, unknown.status_code)
    assert answer.json()["detail"] == unknown.json()["detail"]
    assert 0 == sum((await stored()).values())


async def test_weibos_callback_accepts_the_signed_form(
    sample: Sample, connect: Connect, client: httpx.AsyncClient, new_session: Connect, kpis: Callable[..., Any]
) -> None:
    """Weibo's live messages, as a form with `sign`, are answered with error_code 0 and counted."""
    comment, like = sample("weibo_liveim_sync_comment"), sample("weibo_liveim_sync_like")
    session = await new_session(("weibo", comment["form"]["room_id"]))
    weibo = await connect("weibo_live", {"app_secret": comment["app_secret"]})
    for found in (comment, like, like):
        answer = await client.post(path_of(weibo), data=found["form"])
        assert (200, 0) == (answer.status_code, answer.json()["error_code"])
    figures = await kpis(session["id"], "weibo")
    assert (1, 1) == (figures["comments"], figures["likes"])
    forged = {**like["form"], "uid": 1}
    assert 401 == (await client.post(path_of(weibo), data=forged)).status_code
