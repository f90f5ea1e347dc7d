"""The live-room message forwarder: every message once, the totals as the platform shows them."""

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import pytest

from app.adapters.protocol import Context, Delivery, Event, Parsed, Refused
from app.adapters.wechat import spy as wechat_spy

ROOM = "2042584726460027863"


@pytest.fixture
def body(sample: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """Return the sample's body."""
    found: dict[str, Any] = json.loads(sample("wxlivespy_forward")["body"])
    return found


def parsed(body: object, now: datetime, **options: object) -> Parsed:
    """Return what a body says."""
    delivery = Delivery("POST", {}, {}, json.dumps(body).encode(), now)
    return wechat_spy.parse(wechat_spy.verify(delivery, {}, options), Context("//test", options))


def test_the_sample_becomes_its_four_messages_and_a_sample(
    body: dict[str, Any], now: datetime, valid: Callable[[Iterable[Event]], list[Event]]
) -> None:
    """The sample becomes its four messages and one sample of the totals, in the room of its live_id."""
    events = valid(parsed(body, now).events)
    assert [(event["type"], event["data"]) for event in events] == [
        ("live.comment.posted", {"viewer": "o9hHn5apfwHL-RYrxochETS7NyDM", "text": "多少钱"}),
        ("live.viewer.entered", {"viewer": "o9hHn5bbbbbbbbbbbbbbbbbbbbbb"}),
        ("live.like.sent", {"viewer": "o9hHn5apfwHL-RYrxochETS7NyDM"}),
        ("live.gift.sent", {"viewer": "o9hHn5apfwHL-RYrxochETS7NyDM", "gift": "gift1", "count": 1}),
        ("live.audience.sampled", {"concurrent": 128, "likes_total": 4521}),
    ]
    assert {f"wechat:{ROOM}"} == {event["subject"] for event in events}
    assert f"{ROOM}/101" == events[0]["id"]


def test_a_wrapped_body_says_the_same(body: dict[str, Any], now: datetime) -> None:
    """A body wrapped in decoded_data says the same as a bare one."""
    wrapped = {"original_url": "https://example.org", "original_body": {}, "decoded_data": body}
    assert parsed(body, now).events == parsed(wrapped, now).events


def test_a_message_sent_again_in_another_delivery_is_the_same_event(body: dict[str, Any], now: datetime) -> None:
    """A message that comes again in another delivery is the same event; without seq its msg_id says so."""
    for row in body["events"][1:]:
        del row["seq"]
    later = {**body, "events": body["events"][::-1], "live_info": {**body["live_info"], "online_count": 130}}
    ids = [
        {event["id"] for event in parsed(item, now).events if event["type"] != "live.audience.sampled"} for item in (body, later)
    ]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 4


def test_unknown_messages_are_dead_letters_and_levels_are_left_out(body: dict[str, Any], now: datetime) -> None:
    """Messages of unknown types are dead letters and level-ups are left out; the others are read."""
    body["events"] += [{"decoded_type": "levelup", "seq": 1}, {"decoded_type": "unknown", "seq": 2}, {"decoded_type": {}}, 7]
    found = parsed(body, now)
    assert (len(found.events), len(found.unknown), found.ignored) == (5, 3, ("levelup",))


def test_without_live_id_the_tied_session_takes_the_messages(body: dict[str, Any], now: datetime) -> None:
    """Without a live_id the tied session takes the messages; without either they are dead letters."""
    del body["live_info"]["live_id"]
    assert {"s1"} == {event["subject"] for event in parsed(body, now, session="s1").events}
    assert (parsed(body, now).events, len(parsed(body, now).unknown)) == ((), 5)


def test_what_cannot_be_trusted_is_not_kept(now: datetime) -> None:
    """The URL needs a token, since nothing is signed; a body that is no message is refused and not kept."""
    assert "nothing" == wechat_spy.signature_covers({}, {})
    bodies: list[object] = [{}, [], "x", {"live_info": {}}]
    for body in bodies:
        with pytest.raises(Refused) as refused:
            parsed(body, now)
        assert (refused.value.status, refused.value.keep) == (400, False)


@pytest.mark.parametrize(("chosen", "counted"), [(None, 3), ("gift", 3), ("combogift", 7), ("both", 10)])
def test_a_gift_combo_counts_once_from_a_named_field(
    chosen: str | None, counted: int, body: dict[str, Any], now: datetime
) -> None:
    """Messages of single gifts and of combos may repeat each other: the connection's option says which of them counts."""
    gift = {"decoded_type": "gift", "decoded_openid": "o1", "sec_gift_id": "g"}
    combo = {"decoded_type": "combogift", "decoded_openid": "o1", "sec_gift_id": "g"}
    body["events"] = [{**gift, "seq": 1, "gift_num": 1, "combo_product_count": 99}, {**gift, "seq": 2, "gift_num": 2},
                      {**combo, "seq": 3, "combo_product_count": 7, "gift_num": 99}]  # fmt: skip
    options = {} if chosen is None else {"gift_messages": chosen}
    wechat_spy.check({}, options)
    found = [event for event in parsed(body, now, **options).events if event["type"] == "live.gift.sent"]
    assert counted == sum(event["data"].get("count", 1) for event in found)  # type: ignore[attr-defined]
