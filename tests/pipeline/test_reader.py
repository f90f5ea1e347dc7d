"""The fast reader takes what the envelope takes, as the envelope takes it, and leaves the rest to it."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError
from pydantic_core import to_json

from app.events import reader
from app.events.contributions import FoldContext
from app.events.envelope import EVENT, EVENTS, Event as Envelope
from app.events.payload import Unfoldable
from app.events.registry import PAYLOADS
from tests.pipeline.strategies import ALIASES, ROOMS, Event, stirs, telemetry
from tests.properties import examples

_EXAMPLES = examples(125)
_CONTEXT = FoldContext("wechat", "a", "CNY", 2, ALIASES, 180_000)
_CLICK: Event = {
    "specversion": "1.0", "id": "1", "source": "//tool", "subject": "wechat:a", "time": "2021-09-25T14:00:00+09:00",
    "type": "live.product.clicked", "data": {"viewer": "v", "product": "knit-01", "count": 2},
}  # fmt: skip
_NOTHING = object()


def _meaning(event: Envelope) -> tuple[Any, ...]:
    """Return all that the rest of the code takes from an event."""
    data = event.data
    try:
        folded: Any = data.fold(_CONTEXT)
    except Unfoldable as error:
        folded = (error.pointer, error.detail)
    fields = {name: getattr(data, name) for name in PAYLOADS[data.type].model_fields}
    fields = {name: value for name, value in fields.items() if not isinstance(value, list)}
    return (
        event.id, event.source, event.subject, event.time, data.type, data.person_fields, data.text_fields, fields, data.json_bytes(), folded,
    )  # fmt: skip


def _judged(body: bytes) -> tuple[Any, ...] | None:
    try:
        return _meaning(EVENT.validate_json(body))
    except ValidationError:
        return None


def _agree(body: bytes) -> bool:
    """Tell whether the reader took the body; if it did, it must have read what the envelope reads."""
    found = reader.read_one(body)
    assert found is None or _meaning(found) == _judged(body), body
    return found is not None


@_EXAMPLES
@given(events=telemetry(*ROOMS, max_size=15))
def test_plain_telemetry_is_read_fast_and_means_the_same(events: list[Event]) -> None:
    """Nothing of the ordinary takes the slow way, alone or in a batch."""
    found = reader.read_many(to_json(events))
    assert found is not None
    assert [_meaning(event) for event in found] == [_meaning(event) for event in EVENTS.validate_json(to_json(events))]
    assert all(_agree(to_json(event)) for event in events)


_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5), st.lists(st.integers(), max_size=2),
    st.sampled_from(
        (
            "", "\x1f", "\x7f", "\u0085", "a\nb", "é", "1.", "١", "1.0000001", "CNY\n", "fans\n", "x" * 257, "x" * 2049, 10**12 + 1, -1,
            5.0, -0.0, 1e9, {}, [], [{}], "2021-09-25T14:00:00.1234567Z", "2021-09-25T14:00Z", "2021-09-25", "1632546000",
            "1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "2021-09-25T14:00:00", "2021-09-25 14:00:00Z", "application/json; a=b",
        )
    ),
)  # fmt: skip


@_EXAMPLES
@given(events=telemetry(*ROOMS, max_size=15), random=stirs, value=_VALUES)
def test_a_changed_event_is_never_read_otherwise(events: list[Event], random: Random, value: Any) -> None:
    """Whatever stands in a field, or is missing, or is there too much: the reader agrees, or is silent."""
    for event in events:
        changed = json.loads(to_json(event))
        place = random.choice([changed, changed["data"], *changed["data"].get("lines", [])])
        name = random.choice([*place, "time", "datacontenttype", "specversion", "count", "unknown"])
        place[name] = value
        _agree(json.dumps(changed).encode())
        _agree(json.dumps(changed, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        del place[name]
        _agree(json.dumps(changed).encode())


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b"null", b"1", b'"x"', b"{", b"\xff", b"\xef\xbb\xbf" + to_json(_CLICK), to_json(_CLICK) + b" x",
        to_json([_CLICK]), b"[" * 100_000, to_json(_CLICK)[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        to_json(_CLICK).replace(b'"v"', b'"\\ud800"'), to_json(_CLICK).replace(b'"v"', b'"\\u0000"'),
        to_json(_CLICK).replace(b'"v"', b'"\\ud83d\\ude00"'), to_json(_CLICK).replace(b'"v"', b'"a\\\\b"'),
        to_json(_CLICK).replace(b'"v"', b'"\x7f"'), to_json(_CLICK).replace(b'"v"', b'"\x01"'),
        to_json(_CLICK).replace(b":2}", b":2.0}"), to_json(_CLICK).replace(b":2}", b":NaN}"), to_json(_CLICK).replace(b":2}", b":1e3}"),
        to_json(_CLICK).replace(b":2}", b":" + b"9" * 5000 + b"}"), to_json(_CLICK).replace(b":2}", b":-0}"),
        to_json(_CLICK).replace(b'"id":"1"', b'"id":"1","id":"2"'), to_json(_CLICK).replace(b'"id":"1"', b'"id":"","id":"2"'),
        to_json(_CLICK).replace(b'"count":2', b'"count":2,"count":"x"'),
    ],
)  # fmt: skip
def test_strange_bytes_are_never_read_otherwise(body: bytes) -> None:
    """No JSON, half of it, too deep, twice the same name: the reader agrees, or is silent, and raises nothing."""
    _agree(body)
    found = reader.read_many(b"[" + body + b"]") if body else None
    assert found is None or [_meaning(event) for event in found] == [_judged(body)]


def test_what_the_envelope_would_cut_is_left_to_it() -> None:
    """A fraction finer than a microsecond is cut, as always, and not rounded."""
    event = _CLICK | {"time": "2021-09-25T14:00:00.9999999Z"}
    assert reader.read_one(to_json(event)) is None
    assert 999_999 == EVENT.validate_json(to_json(event)).time.microsecond  # type: ignore[union-attr]
