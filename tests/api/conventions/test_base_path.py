"""Where the server is: below a base path, behind a proxy, and never where a stranger says."""

from collections.abc import Callable

import pytest

from app.service import Service
from app.settings import Settings
from tests.api.configured import configured
from tests.conftest import KeyMaker


@pytest.mark.parametrize("prefix", ["/tally/light", ""], ids=["passed on", "removed by the proxy"])
async def test_a_base_path(service: Service, keys: KeyMaker, prefix: str) -> None:
    """Dashboard, documentation, hot routes, webhook and stream URLs work below it, whatever the proxy does with the prefix."""
    async with configured(service, keys, root_path="/tally/light") as client:
        session = (
            await client.post(f"{prefix}/v1/sessions", json={"title": "t", "brand": "maison-k", "currency": "CNY"})
        ).json()["id"]
        like = {"specversion": "1.0", "id": "1", "source": "s", "type": "live.like.sent", "subject": session, "data": {}}
        assert 1 == (await client.post(f"{prefix}/v1/events", json=like)).json()["accepted"]
        assert 1 == (await client.get(f"{prefix}/v1/sessions/{session}/kpis")).json()["kpis"]["likes"]["value"]
        page = (await client.get(f"{prefix}/")).text
        assert 'href="/tally/light/assets/' in page
        assert 'href="/assets/' not in page
        asset = page.partition('<script type="module" src="')[2].partition('"')[0]
        assert (await client.get(asset if prefix else asset.removeprefix("/tally/light"))).is_success
        assert "/tally/light/openapi.json" in (await client.get(f"{prefix}/docs")).text
        assert [{"url": "/tally/light", "description": "this server"}] == (await client.get(f"{prefix}/openapi.json")).json()[
            "servers"
        ]
        form = {"kind": "wechat_spy", "name": "n"}
        hook = (await client.post(f"{prefix}/v1/connections", json=form)).json()["webhook_url"]
        assert hook.startswith("http://tallylight.test/tally/light/v1/webhooks/")
        path = hook.removeprefix("http://tallylight.test" if prefix else "http://tallylight.test/tally/light")
        assert 200 == (await client.post(path, json={"events": [], "live_info": {"live_id": "r"}})).status_code
        ticket = (await client.post(f"{prefix}/v1/sessions/{session}/stream-tickets")).json()
        assert ticket["url"].startswith(f"/tally/light/v1/sessions/{session}/stream?ticket=")
    async with configured(service, keys, root_path="/tally/light") as client:
        bare = await client.get("/tally/light")
        assert bare.status_code in {200, 307}


async def test_the_public_url_may_hold_the_base_path_or_not(service: Service, keys: KeyMaker) -> None:
    """It stands once in the URL in either case."""
    for public in ("https://live.example", "https://live.example/tally/", "https://live.example/tally"):
        async with configured(service, keys, root_path="/tally", public_url=public) as client:
            hook = (await client.post("/v1/connections", json={"kind": "wechat_spy", "name": public})).json()["webhook_url"]
            assert hook.startswith("https://live.example/tally/v1/webhooks/"), public


@pytest.mark.parametrize("path", ["tally", "/tally/", "/a b", "//x", "/", "https://x"])
def test_a_base_path_is_checked(service_settings: Callable[..., Settings], path: str) -> None:
    """It begins with a slash and ends without one."""
    with pytest.raises(ValueError, match="root_path"):
        service_settings(root_path=path)


@pytest.fixture
def service_settings() -> Callable[..., Settings]:
    """A maker of settings."""
    return Settings


async def test_a_stranger_does_not_choose_the_host_of_a_webhook_url(service: Service, keys: KeyMaker) -> None:
    """Host and X-Forwarded-Host count only from a trusted proxy; a stranger gets the server's own address."""
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    form = {"kind": "wechat_spy", "name": "n"}
    async with configured(service, keys, peer="203.0.113.9") as client:
        url = (await client.post("/v1/connections", json=form, headers=forged)).json()["webhook_url"]
        assert "evil.example" not in url
        assert url.startswith("http://")
    async with configured(service, keys, peer="10.1.2.3", trusted_proxies="10.0.0.0/8, 192.0.2.1") as client:
        url = (
            await client.post(
                "/v1/connections", json=form, headers={"X-Forwarded-Host": "live.example", "X-Forwarded-Proto": "https"}
            )
        ).json()["webhook_url"]
        assert url.startswith("https://live.example/v1/webhooks/")
        url = (await client.post("/v1/connections", json=form, headers={"Host": "live.example:8443"})).json()["webhook_url"]
        assert url.startswith("http://live.example:8443/v1/webhooks/")
        url = (await client.post("/v1/connections", json=form, headers={"X-Forwarded-Host": "evil.example/x?"})).json()[
            "webhook_url"
        ]
        assert "evil" not in url
    async with configured(service, keys, peer="203.0.113.9", public_url="https://live.example") as client:
        url = (await client.post("/v1/connections", json=form, headers=forged)).json()["webhook_url"]
        assert url.startswith("https://live.example/v1/webhooks/")
