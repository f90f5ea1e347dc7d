"""The CloudEvents SDK for Python as a client: its messages are accepted unchanged, in structured and in binary mode."""

import httpx
import pytest
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1.conversion import to_binary, to_structured
from cloudevents.v1.http import CloudEvent as LegacyCloudEvent

ATTRIBUTES = {
    "id": "sdk-1",
    "source": "/sdk/studio",
    "type": "live.viewer.entered",
    "subject": "wechat:sdk-room",
}
DATA = {"viewer": "o9hHn5", "source": "fans", "fan_level": 5}


async def viewers(client: httpx.AsyncClient, headers: dict[str, str], body: bytes) -> tuple[int, int | None]:
    """Send a message to a fresh room and return the answer's status and the session's viewers."""
    form = {
        "title": "t", "brand": "b", "host": "h", "kind": "live", "currency": "CNY",
        "streams": [{"platform": "wechat", "room": "sdk-room"}],
    }  # fmt: skip
    session = (await client.post("/v1/sessions", json=form)).json()["id"]
    answer = await client.post("/v1/events", headers=headers, content=body)
    kpis = (await client.get(f"/v1/sessions/{session}/kpis")).json()
    return answer.status_code, kpis["kpis"]["viewers"]["value"]


@pytest.mark.parametrize("content_type", [None, "application/json"])
@pytest.mark.parametrize("make", [to_structured, to_binary])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_the_first_api_is_taken(client: httpx.AsyncClient, make: object, content_type: str | None) -> None:
    """`cloudevents.v1`: also if binary mode has no content type."""
    attributes = ATTRIBUTES | ({"datacontenttype": content_type} if content_type else {})
    headers, body = make(LegacyCloudEvent(attributes, DATA))  # type: ignore[operator]
    assert (200, 1) == await viewers(client, dict(headers), body)


@pytest.mark.parametrize("make", [to_structured_event, to_binary_event])
async def test_the_second_api_is_taken(client: httpx.AsyncClient, make: object) -> None:
    """`cloudevents.core`, the SDK's API since version 2."""
    # Only this API percent-encodes what a header cannot hold.
    message = make(
        CloudEvent(ATTRIBUTES | {"source": "/sdk/スタジオ", "specversion": "1.0", "datacontenttype": "application/json"}, DATA)
    )  # type: ignore[operator]
    assert (200, 1) == await viewers(client, dict(message.headers), message.body)
