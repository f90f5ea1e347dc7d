"""Channels over HTTP: what goes in, what never comes out, and one message of each kind."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.catalogue.access import Role
from app.channels.kinds.registry import KINDS as REGISTERED
from app.service import Service
from tests.channels.conftest import Drain, Make, deliveries, emit
from tests.channels.fake_bots import (
    DINGTALK_SECRET,
    FEISHU_SECRET,
    KEY,
    KINDS,
    LINE_TO,
    LINE_TOKEN,
    SIGNING,
    FakeBots,
    form_of,
)
from tests.conftest import KeyMaker

SECRETS = (KEY, FEISHU_SECRET, DINGTALK_SECRET, LINE_TOKEN, LINE_TO, SIGNING, SIGNING.removeprefix("whsec_"))


@pytest.mark.parametrize("kind", KINDS)
async def test_a_message_of_each_kind_arrives_in_its_format(
    client: httpx.AsyncClient, bots: FakeBots, make_channel: Make, drain: Drain, service: Service, kind: str
) -> None:
    """The receiver verifies signature, keyword and limit, and has the text; the delivery is sent once."""
    channel = await make_channel(kind, brand="maison-k")
    await emit(service, "connection.failing", "maison-k", connection={
        "id": "1", "name": "Shop <@all> [x](http://evil.example)", "kind": "wechat_shop", "code": "poll_failed", "reason": "10021001",
    })  # fmt: skip
    assert 1 == await drain(channel)
    assert 0 == await drain(channel)
    text = bots.texts(kind)[0]
    assert "10021001" in text
    assert "maison-k" in text or kind == "webhook"
    if kind in {"wecom", "dingtalk"}:
        # A name makes neither a mention nor a link.
        assert "<" not in text
        assert "](" not in text
    if kind == "slack":
        assert "&lt;@all&gt;" in text
    found = (await deliveries(client, channel))[0]
    assert ("sent", 1, None, "connection.failing", "maison-k") == tuple(
        found[name] for name in ("state", "attempts", "error", "event", "brand")
    )
    assert found["sent_at"] is not None
    assert (await client.get(f"/v1/channels/{channel['id']}")).json()["counts"] == {"queued": 0, "sent": 1, "failed": 0}


@pytest.mark.parametrize("kind", KINDS)
async def test_the_test_message_says_whether_the_receiver_takes_it(
    client: httpx.AsyncClient, bots: FakeBots, make_channel: Make, kind: str
) -> None:
    """It is listed as a delivery, also of a channel that is disabled; a failure is not repeated."""
    channel = await make_channel(kind, enabled=False)
    good = (await client.post(f"/v1/channels/{channel['id']}/test")).json()
    assert (True, None) == (good["ok"], good["error"])
    bots.troubles.append("500")
    bad = (await client.post(f"/v1/channels/{channel['id']}/test")).json()
    # Slack takes one message a second.
    reason = "the budget of the platform is used up; try again in 1 s" if kind == "slack" else "status 500"
    assert (False, reason) == (bad["ok"], bad["error"])
    listed = await deliveries(client, channel)
    assert [("failed", bad["delivery"]), ("sent", good["delivery"])] == [(one["state"], one["id"]) for one in listed]
    assert ["test", "test"] == [one["event"] for one in listed]
    assert (1 if kind == "slack" else 2) == bots.requests[kind]


async def test_secrets_come_out_nowhere(
    client: httpx.AsyncClient, bots: FakeBots, service: Service, make_channel: Make, drain: Drain, caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Not in an answer, an error, a log line, the audit log or a column; not even after failures."""
    caplog.set_level(logging.DEBUG)
    said = []
    for kind in KINDS:
        channel = await make_channel(kind)
        bots.troubles.append("500")
        await emit(service)
        await drain(channel)
        paths = ("", f"/{channel['id']}", f"/{channel['id']}/deliveries")
        said += [(await client.get(f"/v1/channels{path}")).text for path in paths]
        form = form_of(kind, bots.base) | {"events": ["no.such"]}
        said.append((await client.post("/v1/channels", json=form)).text)
        wrong = {name: f"{value} \u0007" for name, value in form["secrets"].items()}
        refused = await client.post("/v1/channels", json=form_of(kind, bots.base, secrets=wrong))
        assert 422 == refused.status_code
        assert all(error["pointer"].startswith("/secrets/") for error in refused.json()["errors"])
        said.append(refused.text)
    said.append((await client.get("/v1/audit")).text)
    async with service.database.acquire() as connection:
        for table in ("channels", "channel_deliveries", "pgqueuer", "pgqueuer_log", "audit_log"):
            said += [row[0] for row in await connection.fetch(f"SELECT row_to_json(t)::text FROM {table} t")]
    output = capsys.readouterr()
    # The clients' own loggers write addresses; `observability.logs` silences them.
    lines = [record.getMessage() for record in caplog.records if record.name.split(".")[0] not in {"httpx", "httpcore"}]
    said += [*lines, output.out, output.err]
    found = [(secret, text[:200]) for text in said for secret in SECRETS if secret in text]
    assert [] == found
    assert all(set(kind.SECRETS.model_fields) for kind in REGISTERED.values())


@pytest.mark.parametrize(
    ("kind", "change", "pointer"),
    [
        ("wecom", {"secrets": {}}, "/secrets/url"),
        ("wecom", {"secrets": {"key": KEY, "url": "https://qyapi.weixin.qq.com/x"}}, "/secrets/url"),
        ("wecom", {"secrets": {"key": KEY, "token": "x"}}, "/secrets/token"),
        ("wecom", {"secrets": {"key": "../x"}}, "/secrets/key"),
        ("webhook", {"secrets": {"url": "ftp://a.example/", "secret": SIGNING}}, "/secrets/url"),
        ("webhook", {"secrets": {"url": "http://a.example/", "secret": SIGNING}}, "/secrets/url"),
        ("webhook", {"secrets": {"url": "https://user@a.example/", "secret": SIGNING}}, "/secrets/url"),
        ("webhook", {"secrets": {"url": "https://a.example/", "secret": "short"}}, "/secrets/secret"),
        ("webhook", {"secrets": {"url": "https://a.example/"}}, "/secrets/secret"),
        ("line", {"secrets": {"token": LINE_TOKEN, "to": "nobody"}}, "/secrets/to"),
        ("line", {"options": {"keyword": "x"}}, "/options/keyword"),
        ("feishu", {"options": {"keyword": "a\nb"}}, "/options/keyword"),
        ("slack", {"events": []}, "/events"),
        ("slack", {"events": ["alert.raised", "alert"]}, "/events/1"),
        ("slack", {"lang": "fr"}, "/lang"),
        ("telegram", {"secrets": {}}, "/kind"),
        # Server-side request forgery: whatever the spelling, the address decides.
        ("webhook", {"secrets": {"url": "https://169.254.169.254/latest", "secret": SIGNING}}, "/secrets/url"),
        ("webhook", {"secrets": {"url": "https://10.0.0.8/", "secret": SIGNING}}, "/secrets/url"),
        ("webhook", {"secrets": {"url": "https://[fe80::1]/", "secret": SIGNING}}, "/secrets/url"),
        ("webhook", {"secrets": {"url": "https://0xA9FEA9FE/", "secret": SIGNING}}, "/secrets/url"),
        ("webhook", {"secrets": {"url": "https://[::ffff:10.0.0.1]/", "secret": SIGNING}}, "/secrets/url"),
        ("wecom", {"options": {"api_base": "http://192.168.0.1"}}, "/options/api_base"),
        ("line", {"options": {"api_base": "http://2852039166/"}}, "/options/api_base"),
    ],
)
async def test_a_channel_that_cannot_work_is_refused(
    client: httpx.AsyncClient, bots: FakeBots, kind: str, change: dict[str, Any], pointer: str
) -> None:
    """422, and the error names the field."""
    base = form_of("slack" if kind == "telegram" else kind, bots.base)
    answer = await client.post("/v1/channels", json=base | {"kind": kind} | change)
    assert (422, [pointer]) == (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]), answer.text


async def test_a_name_that_leads_inside_is_refused_when_it_is_called(
    client: httpx.AsyncClient, bots: FakeBots, service: Service, make_channel: Make
) -> None:
    """No request is made, and the error names no address."""
    channel = await make_channel("webhook")
    inside = service.channels.reachable
    object.__setattr__(inside, "networks", ())  # as if the setting did not permit loopback any more
    answer = (await client.post(f"/v1/channels/{channel['id']}/test")).json()
    assert (False, "the host is not a public one") == (answer["ok"], answer["error"])
    assert 0 == bots.requests["webhook"]


async def test_a_redirect_is_not_followed_and_an_answer_is_bounded(
    client: httpx.AsyncClient, bots: FakeBots, make_channel: Make
) -> None:
    """Neither leads anywhere else."""
    channel = await make_channel("wecom")
    bots.troubles += ["redirect", "huge"]
    answers = [(await client.post(f"/v1/channels/{channel['id']}/test")).json() for _ in range(2)]
    assert [False, False] == [answer["ok"] for answer in answers]
    assert "status 302" == answers[0]["error"]
    assert 0 == bots.requests["elsewhere"]


async def test_a_channel_is_changed_and_deleted(
    client: httpx.AsyncClient, bots: FakeBots, make_channel: Make, service: Service, drain: Drain
) -> None:
    """Changes keep what they do not name; a new webhook secret signs beside the old one; the audit log has each write."""
    channel = await make_channel("webhook", events=["session.started", "session.started", "session.ended"])
    assert ["session.started", "session.ended"] == channel["events"]
    path = f"/v1/channels/{channel['id']}"
    new = "whsec_" + "A" * 44
    changed = (await client.patch(path, json={"secrets": {"secret": new}, "lang": "ja", "name": "new"})).json()
    assert (["previous_secret", "secret", "url"], "ja", "new") == (changed["secrets_set"], changed["lang"], changed["name"])
    await emit(service)
    await drain(channel)
    assert ["配信が始まりました"] == bots.texts("webhook")
    unset = await client.patch(path, json={"secrets": {"secret": None}})
    assert (422, "/secrets/secret") == (unset.status_code, unset.json()["errors"][0]["pointer"])
    off = (await client.patch(path, json={"enabled": False})).json()
    assert off["enabled"] is False
    await emit(service)
    assert 1 == len(await deliveries(client, channel))
    assert 204 == (await client.delete(path)).status_code
    assert 404 == (await client.get(path)).status_code
    assert 404 == (await client.get(f"{path}/deliveries")).status_code
    entries = (await client.get("/v1/audit", params={"action": "channel"})).json()["entries"]
    assert ["channel.delete", "channel.update", "channel.update", "channel.create"] == [one["action"] for one in entries]
    assert {channel["id"]} == {one["object"]["id"] for one in entries}


async def test_the_previous_secret_signs_until_its_end(
    client: httpx.AsyncClient, bots: FakeBots, make_channel: Make, service: Service, drain: Drain
) -> None:
    """A receiver that knows the old secret alone takes messages until then; the end is shown, and removed with the secret."""
    channel = await make_channel("webhook")
    path = f"/v1/channels/{channel['id']}"
    assert channel["previous_secret_expires_at"] is None
    refused = await client.patch(path, json={"previous_secret_expires_at": "2100-01-01T00:00:00Z"})
    assert (422, "/previous_secret_expires_at") == (refused.status_code, refused.json()["errors"][0]["pointer"])
    # Messages are sent as of two minutes from now.
    ends = [(datetime.now(UTC) + timedelta(minutes=minutes)).isoformat() for minutes in (10, 1)]
    rotation = {"secrets": {"secret": "whsec_" + "A" * 44}, "previous_secret_expires_at": ends[0]}
    assert ends[0][:19] == (await client.patch(path, json=rotation)).json()["previous_secret_expires_at"][:19]
    await emit(service)
    await drain(channel)
    assert 1 == len(bots.texts("webhook"))
    changed = await client.patch(path, json={"previous_secret_expires_at": ends[1]})
    assert ends[1][:19] == changed.json()["previous_secret_expires_at"][:19]
    await emit(service)
    await drain(channel)
    assert 1 == len(bots.texts("webhook"))
    removed = (await client.patch(path, json={"secrets": {"previous_secret": None}})).json()
    assert (["secret", "url"], None) == (removed["secrets_set"], removed["previous_secret_expires_at"])


async def test_lists_are_paged(client: httpx.AsyncClient, make_channel: Make, service: Service) -> None:
    """Channels and deliveries, the newest first, by cursor."""
    made = [await make_channel("wecom") for _ in range(3)]
    for _ in range(3):
        await emit(service)
    for path, name in (("/v1/channels", "channels"), (f"/v1/channels/{made[0]['id']}/deliveries", "deliveries")):
        whole = (await client.get(path)).json()[name]
        pages, cursor = [], None
        while True:
            page = (await client.get(path, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
            pages.append(page[name])
            if (cursor := page["next_cursor"]) is None:
                break
        assert [2, 1] == [len(page) for page in pages]
        assert whole == pages[0] + pages[1]


async def test_a_brands_channel_gets_its_brand_alone(
    client: httpx.AsyncClient, bots: FakeBots, make_channel: Make, service: Service, drain: Drain
) -> None:
    """A channel without a brand gets everything; one of a brand nothing of another brand, and nothing of no brand."""
    mine = await make_channel("wecom", brand="mine")
    theirs = await make_channel("slack", brand="theirs")
    every = await make_channel("webhook")
    await emit(service, brand="mine")
    await emit(service)
    assert [1, 0, 2] == [await drain(one) for one in (mine, theirs, every)]
    assert [1, 0, 2] == [len(await deliveries(client, one)) for one in (mine, theirs, every)]
    assert 0 == bots.requests["slack"]
    data = [body["data"] for kind, body in bots.received if kind == "webhook"]
    assert ["mine", None] == [one.get("brand", {}).get("slug") for one in data]


async def test_only_administrators_see_channels(client: httpx.AsyncClient, keys: KeyMaker, make_channel: Make) -> None:
    """403 for every other role, on every route."""
    channel = await make_channel("wecom")
    path = f"/v1/channels/{channel['id']}"
    for role in (Role.OPERATOR, Role.VIEWER):
        headers = await keys(role)
        for method, url in (
            ("GET", "/v1/channels"), ("GET", path), ("PATCH", path), ("DELETE", path), ("POST", f"{path}/test"),
            ("GET", f"{path}/deliveries"), ("POST", f"{path}/deliveries/{channel['id']}/replay"),
        ):  # fmt: skip
            answer = await client.request(method, url, headers=headers, json={"name": "x"} if method == "PATCH" else None)
            assert 403 == answer.status_code, (role, method, url)


async def test_old_deliveries_are_deleted(client: httpx.AsyncClient, make_channel: Make, service: Service) -> None:
    """After the days of the setting."""
    channel = await make_channel("wecom")
    await emit(service)
    now = datetime.now(UTC)
    assert 0 == await service.channels.expire(now)
    assert 1 == await service.channels.expire(now + timedelta(days=service.settings.delivery_days, minutes=1))
    assert [] == await deliveries(client, channel)
