"""Samples of every adapter with single characters, clocks and missing parts changed.

Whatever is changed, an adapter gives events that are valid, dead letters with a reason, or a refusal by its own error, and nothing
else. The test counts these outcomes, so that a fuzz that changes nothing, or breaks everything, fails too.
"""

import copy
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from hypothesis import given, strategies as st

from app.adapters.protocol import Context, Delivery, Parsed, Refused, Verified
from app.adapters.registry import ADAPTERS
from app.adapters.signatures import weibo_live as weibo_sign
from app.adapters.wechat import broadcasts as wechat_broadcasts, live as wechat_live
from app.adapters.wechat.api import WechatError
from app.adapters.wechat.orders import read_order
from app.adapters.weibo import counts as weibo_counts, live as weibo_live
from app.events.envelope import EVENT
from tests.adapters.sample_requests import SAMPLES, read_sample
from tests.properties import examples

NOW = datetime.fromtimestamp(1_788_000_500, UTC)
RULES = [
    {
        "type": "live.comment.posted", "each": "events", "id": "item.n", "time": "item.at", "room": "body.room",
        "data": {"viewer": "item.viewer", "text": "item.content"},
    },
    {"type": "live.like.sent", "when": "likes", "time": "at", "data": {"count": "likes", "viewer": "viewer"}},
]  # fmt: skip
OPTIONS: dict[str, dict[str, Any]] = {
    "mapping": {"session": "s1", "signature": "none", "platform": "bilibili", "rules": RULES},
    "weibo_fans": {"session": "s1"},
}
DOUYIN = {
    "msg_id": "m1",
    "sec_openid": "u",
    "timestamp": 1788000400123,
    "content": "好",
    "like_num": 5,
    "sec_gift_id": "g",
    "gift_num": 2,
}
WEBHOOK = {"webhook-id": "m", "webhook-timestamp": "1788000400", "style": "none"}
Read = Callable[[Any], Parsed]


class Seed(NamedTuple):
    """A sample's document, and how it is read."""

    document: Any
    read: Read


def _pushed(kind: str, **facts: str) -> Read:
    context = Context("//test", OPTIONS.get(kind, {}))
    return lambda document: ADAPTERS[kind].parse(Verified(json.dumps(document).encode(), NOW, "k", facts=facts), context)


def _weibo_form(form: Any) -> Parsed:
    sent = {name: value for name, value in form.items() if name != "sign"}
    body = urlencode({**sent, "sign": weibo_sign(sent, "s")}, errors="surrogatepass").encode()
    return weibo_live.parse(weibo_live.verify(Delivery("POST", {}, {}, body, NOW), {"app_secret": "s"}, {}), Context("//test"))


def _seeds() -> dict[str, list[Seed]]:
    context = Context("//test")
    found: dict[str, list[Seed]] = {kind: [] for kind in ADAPTERS}
    for path in sorted(SAMPLES.glob("wechat_shop_*.json")):
        found["wechat_shop"].append(Seed(json.loads(read_sample(path.stem)["decrypted"]), _pushed("wechat_shop")))
    paid = read_sample("pull_wechat_order_get")["response"]["order"]
    found["wechat_shop"].append(Seed({**paid, "openid": "o"}, lambda document: read_order(document, context, NOW)))
    found["wechat_live"] = [
        Seed(
            read_sample("pull_wechat_getlivedata")["response"],
            lambda document: wechat_live.read_live_data(document, "e", context, NOW).parsed,
        ),
        Seed(
            read_sample("pull_wechat_finder_live_data_list")["response"],
            lambda document: wechat_live.read_finished_broadcasts(document, context).parsed,
        ),
        Seed(
            read_sample("pull_wechat_getlivelist")["response"],
            lambda document: wechat_broadcasts.read_broadcasts(document, context).parsed,
        ),
    ]
    found["wechat_spy"] = [Seed(json.loads(read_sample("wxlivespy_forward")["body"]), _pushed("wechat_spy"))]
    found["weibo_fans"] = [
        Seed(json.loads(read_sample(f"weibo_fans_{name}")["body"]), _pushed("weibo_fans")) for name in ("text", "event_follow")
    ]
    found["weibo_live"] = [Seed(read_sample(f"weibo_liveim_sync_{name}")["form"], _weibo_form) for name in ("comment", "like")]
    found["weibo_live"].append(
        Seed(read_sample("weibo_im_sdk_messages")["messages"], lambda document: weibo_live.read_messages(document, context, NOW))
    )
    posts = Context("//test", {"session": "s1"})
    found["weibo_counts"] = [
        Seed(read_sample("pull_weibo_count_sp_biz")["response"], lambda document: weibo_counts.read_counts(document, posts, NOW))
    ]
    found["standard_webhooks"] = [
        Seed(json.loads(read_sample("standardwebhooks_live_metrics")["body"]), _pushed("standard_webhooks", **WEBHOOK)),
        Seed(read_sample("cloudevents_structured")["body"], _pushed("standard_webhooks", **WEBHOOK)),
    ]
    found["douyin_live"] = [
        Seed([DOUYIN], _pushed("douyin_live", room="268", type=kind, at="1788000400123"))
        for kind in ("live_comment", "live_like", "live_gift", "live_enter_room")
    ]
    found["mapping"] = [
        Seed(
            {
                "room": "8812", "likes": 3, "at": 1788000400, "viewer": "v",
                "events": [{"n": 1, "at": "2026-08-29T10:46:40Z", "viewer": "v", "content": "好"}],
            },
            _pushed("mapping"),
        )
    ]  # fmt: skip
    return found


SEEDS = _seeds()
CHARACTERS = st.one_of(
    st.characters(codec="utf-8"),
    st.sampled_from("\0\x01\x1b\x1f\x7f\x85\u200b\u2028\ufdd0\ufdfa\ufffe\uffff\ud800\udfff\U0001f600\U0010ffff\"'\\{}<&%+= "),
)
CLOCKS = st.sampled_from(
    (
        0, -1, 1, 1788000400, 1788000400123, 1788000400123456, 253402300799, 2**31, 2**63, 10**30, 1788000400.5, True, None, "",
        "0", "1788000400", "1788000400123", "-62135596801", "1e999", "2026-08-29T10:46:40Z", "2026-08-29 10:46:40",
        "2026-02-30T00:00:00Z", "2016-12-31T23:59:60Z", "9999-12-31T23:59:59-23:59", "0000-00-00", "Mon Jul 16 18:09:20 +0800 2012",
    )
)  # fmt: skip
SHAPES: st.SearchStrategy[Any] = st.sampled_from(
    (None, True, 0, -1, 10**18, 0.1, 1e300, "", " ", "x" * 5000, "1e5", "-5", [], {}, [[]], {"": ""}, [None])
)
CHANGES = st.lists(
    st.tuples(st.integers(0, 10_000), st.sampled_from(("character", "clock", "missing", "shape", "twice")),
              st.integers(0, 10_000), CHARACTERS, CLOCKS, SHAPES),
    min_size=1, max_size=3,
)  # fmt: skip


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield (container, key) of everything inside a document."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])


def changed(document: Any, changes: list[tuple[Any, ...]]) -> Any:
    """Return a document with single parts changed."""
    found = copy.deepcopy(document)
    for number, kind, place, character, clock, shape in changes:
        places = list(_places(found))
        if not places:
            continue
        if kind in {"character", "clock"}:
            wanted = str if kind == "character" else str | int
            places = [(at, key) for at, key in places if isinstance(at[key], wanted)] or places
        at, key = places[number % len(places)]
        if kind == "character":
            text = str(at[key])
            position = place % (len(text) + 1)
            at[key] = text[:position] + character + text[position + number % 2 :]
        elif kind == "missing":
            del at[key]
        elif kind == "twice" and isinstance(at, list):
            at.append(copy.deepcopy(at[key]))
        else:
            at[key] = clock if kind == "clock" else copy.deepcopy(shape)
    return found


def outcomes(read: Read, document: Any) -> Counter[str]:
    """Return how many events, dead letters, follow-ups and refusals a document gives; each must be sound."""
    try:
        parsed = read(document)
    except (Refused, WechatError, weibo_counts.WeiboError) as refused:
        assert str(refused) or isinstance(refused, Refused)  # noqa: PT017 (a refusal is one of the right answers)
        return Counter(refusals=1)
    events = [*parsed.events, *parsed.unattributed]
    for event in events:
        # As the submitter does; what is stored of it must be JSON in UTF-8, whatever stood in its texts.
        EVENT.validate_python(event).data.json_bytes().decode()
    for unknown in parsed.unknown:
        json.dumps(unknown.raw, allow_nan=False)
        assert unknown.reason
        assert "\n" not in unknown.reason
    return Counter({"events": len(events), "dead letters": len(parsed.unknown), "follow-ups": len(parsed.follow_ups)})


def test_every_adapter_has_samples() -> None:
    """A new adapter brings a sample."""
    assert [] == [kind for kind, seeds in SEEDS.items() if not seeds]


@pytest.mark.property
@pytest.mark.parametrize("kind", ADAPTERS)
def test_a_changed_sample_gives_events_dead_letters_or_a_refusal(kind: str) -> None:
    """Nothing else, and what it gave unchanged it gives in many forms still."""
    unchanged = sum((outcomes(seed.read, seed.document) for seed in SEEDS[kind]), Counter[str]())
    assert unchanged["events"] + unchanged["follow-ups"] > 0, unchanged
    total = Counter[str]()

    @examples(60)
    @given(seed=st.sampled_from(SEEDS[kind]), changes=CHANGES)
    def changes_are_taken(seed: Seed, changes: list[tuple[Any, ...]]) -> None:
        found = outcomes(seed.read, changed(seed.document, changes))
        total.update(found)
        total["samples"] += 1
        total["given"] += bool(found["events"] or found["follow-ups"])

    changes_are_taken()
    assert total["samples"] // 20 < total["given"], total
    # Some changes break a sample as a whole, others one of its entries: these are dead letters.
    broken = total["samples"] - total["given"] + total["dead letters"]
    assert broken or not unchanged["events"], total
