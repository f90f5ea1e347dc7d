"""Rejections of POST /v1/events: wrong input is a 4xx that names its field, never a 500, and loses no other event."""

import json
from time import thread_time

import pytest

from app.api.ingest.events import _refuse_repeated
from app.settings import Settings
from tests.pipeline.conftest import Rooms, Stage
from tests.pipeline.request_bodies import PROBLEM, SINGLE, assert_problem, binary, body, like, likes, post

pytestmark = pytest.mark.asyncio(loop_scope="module")

_PAID = '"type":"live.order.paid","data":{"order":"1","buyer":"b","currency":"CNY","amount":"1.00","lines":[%s]}'
_LINE = '{"product":"p","quantity":1,"amount":"1.00"}'
_DEEP = "[" * 100 + "]" * 100

# What replaces attributes of a right event, as JSON text since not all of it can be made from Python values → the field named.
_WRONG = {
    "id missing": ('"id":null', "/id"),
    "id empty": ('"id":""', "/id"),
    "id a number": ('"id":7', "/id"),
    "id with NUL": (r'"id":"a\u0000b"', "/id"),
    "id with a lone surrogate": (r'"id":"\ud800"', "/id"),
    "id too long": (f'"id":"{"x" * 257}"', "/id"),
    "source missing": ('"source":null', "/source"),
    "source with NUL": (r'"source":"\u0000"', "/source"),
    "another version": ('"specversion":"0.3"', "/specversion"),
    "type missing": ('"type":null', "/type"),
    "type unknown": ('"type":"live.dream.had"', "/type"),
    "type an object": ('"type":{}', "/type"),
    "type with a lone surrogate": (r'"type":"live.\udfff"', "/type"),
    "subject missing": ('"subject":null', "/subject"),
    "subject of no session": ('"subject":"6b9f3b1e-0000-4000-8000-000000000000"', "/subject"),
    "subject no id and no room": ('"subject":"here"', "/subject"),
    "subject without a room": ('"subject":"wechat:"', "/subject"),
    "subject without a platform": ('"subject":":room"', "/subject"),
    "subject with a strange platform": ('"subject":"WeChat!:room"', "/subject"),
    "subject with NUL": (r'"subject":"wechat:\u0000"', "/subject"),
    "subject with a lone surrogate": (r'"subject":"wechat:\udcff"', "/subject"),
    "time without offset": ('"time":"2021-09-25T14:00:00"', "/time"),
    "time no time": ('"time":"yesterday"', "/time"),
    "time before the year 2000": ('"time":"1999-12-31T23:59:59Z"', "/time"),
    "time at the calendar's edge": ('"time":"9999-12-31T23:59:59-23:59"', "/time"),
    "time at the calendar's beginning": ('"time":"0001-01-01T00:00:00+23:59"', "/time"),
    "time in no leap second": ('"time":"2016-12-31T23:58:60Z"', "/time"),
    "time with a blank": ('"time":"2021-09-25 14:00:00Z"', "/time"),
    "time without seconds": ('"time":"2021-09-25T14:00Z"', "/time"),
    "time with a loose offset": ('"time":"2021-09-25T14:00:00+0900"', "/time"),
    "time in Unix seconds": ('"time":"1632546000"', "/time"),
    "no version": ('"specversion":null', "/specversion"),
    "version a number": ('"specversion":1.0', "/specversion"),
    "id with a tab": (r'"id":"a\tb"', "/id"),
    "id with U+FFFF": (r'"id":"a\uffff"', "/id"),
    "id with U+FFFE as bytes": ('"id":"a\ufffe"', "/id"),
    "id with a C1 control": ('"id":"a\u0085"', "/id"),
    "subject with a noncharacter": (r'"subject":"wechat:\ufdd0"', "/subject"),
    "schema no text": ('"dataschema":7', "/dataschema"),
    "name of an attribute in capitals": ('"eventType":"x"', "/eventType"),
    "name of an attribute with a hyphen": ('"event-type":"x"', "/event-type"),
    "extension a list": ('"x":[1]', "/x"),
    "extension an object": ('"x":{}', "/x"),
    "extension a fraction": ('"x":1.5', "/x"),
    "extension of 64 bits": ('"x":4294967296', "/x"),
    "extension too long": (f'"x":"{"x" * 4097}"', "/x"),
    "both kinds of data": ('"data":{},"data_base64":"e30="', "/data_base64"),
    "data in no base64": ('"data":null,"data_base64":"e30"', "/data_base64"),
    "data in base64 no JSON": ('"data":null,"data_base64":"ew=="', "/data_base64"),
    "data in base64 wrong": ('"data":null,"data_base64":"eyJjb3VudCI6LTF9"', "/data/count"),
    "product with U+FFFF": (r'"type":"live.product.showcased","data":{"product":"code\uffff"}', "/data/product"),
    "an unknown field too deep": (f'"data":{{"mood":{_DEEP}}}', "/data"),
    "time a huge number": (f'"time":{"9" * 5000}', "/time"),
    "content type no JSON": ('"datacontenttype":"text/xml"', "/datacontenttype"),
    "data missing": ('"type":"live.viewer.entered","data":null', "/data"),
    "data a list": ('"data":[1]', "/data"),
    "data text": ('"data":"text"', "/data"),
    "data half a JSON": ('"data":"{"', "/data"),
    "count negative": ('"data":{"count":-1}', "/data/count"),
    "count a fraction": ('"data":{"count":1.5}', "/data/count"),
    "count a truth": ('"data":{"count":true}', "/data/count"),
    "count text": ('"data":{"count":"1"}', "/data/count"),
    "count over the limit": ('"data":{"count":1000000000001}', "/data/count"),
    "count over a bigint": ('"data":{"count":9223372036854775808}', "/data/count"),
    "count of 5000 digits": (f'"data":{{"count":{"9" * 5000}}}', "/data/count"),
    "count beyond a float": ('"data":{"count":1e400}', "/data/count"),
    "count not a number": ('"data":{"count":NaN}', "/data/count"),
    "count infinite": ('"data":{"count":Infinity}', "/data/count"),
    "count deep": (f'"data":{{"count":{_DEEP}}}', "/data/count"),
    "viewer with NUL": (r'"type":"live.viewer.entered","data":{"viewer":"v\u0000"}', "/data/viewer"),
    "viewer with a lone surrogate": (r'"type":"live.viewer.entered","data":{"viewer":"\ud83d"}', "/data/viewer"),
    "viewer empty": ('"type":"live.viewer.entered","data":{"viewer":""}', "/data/viewer"),
    "viewer too long": (f'"type":"live.viewer.entered","data":{{"viewer":"{"v" * 257}"}}', "/data/viewer"),
    "traffic source no slug": (
        '"type":"live.viewer.entered","data":{"viewer":"v","source":"Fans & Friends"}', "/data/source"
    ),
    "watched a negative time": (
        '"type":"live.viewer.left","data":{"viewer":"v","watched_seconds":-0.1}', "/data/watched_seconds"
    ),
    "watched for ever": (
        '"type":"live.viewer.left","data":{"viewer":"v","watched_seconds":1e999}', "/data/watched_seconds"
    ),
    "amount a number": (_PAID.replace('"amount":"1.00"', '"amount":1.00') % "", "/data/amount"),
    "amount negative": (_PAID.replace('"1.00"', '"-1.00"') % "", "/data/amount"),
    "amount with an exponent": (_PAID.replace('"1.00"', '"1e3"') % "", "/data/amount"),
    "amount in full-width digits": (_PAID.replace('"1.00"', '"１０"') % "", "/data/amount"),
    "amount too large": (_PAID.replace('"1.00"', '"10000000000000"') % "", "/data/amount"),
    "amount finer than its currency": (_PAID.replace('"1.00"', '"1.001"') % "", "/data/amount"),
    "amount with a line break": (_PAID.replace('"1.00"', r'"1.00\n"') % "", "/data/amount"),
    "another currency": (_PAID.replace("CNY", "JPY") % "", "/data/currency"),
    "no currency": (_PAID.replace('"currency":"CNY",', "") % "", "/data/currency"),
    "lines missing": (_PAID.replace(',"lines":[%s]', ""), "/data/lines"),
    "a line's quantity": (_PAID % (_LINE + "," + _LINE.replace(":1,", ":-1,")), "/data/lines/1/quantity"),
    "a line's amount": (_PAID % _LINE.replace("1.00", "1.005"), "/data/lines/0/amount"),
    "a line no object": (_PAID % "7", "/data/lines/0"),
    "too many lines": (_PAID % ",".join([_LINE] * 501), "/data/lines"),
}  # fmt: skip


def _text(subject: str, change: str) -> str:
    """Return a right event with attributes added in its JSON text; of two members of one name the later counts."""
    return json.dumps(like(subject))[:-1] + "," + change + "}"


@pytest.mark.parametrize("name", _WRONG)
async def test_a_wrong_event_is_named_by_its_field_and_costs_no_neighbour(stage: Stage, room: Rooms, name: str) -> None:
    """Between two right events, and alone: the other events are counted, the field is named, nothing is a 500."""
    change, pointer = _WRONG[name]
    show = await stage.show(subject := room())
    right, wrong = json.dumps(like(subject)), _text(subject, change)
    answer = await post(stage.client, f"[{right},{wrong},{json.dumps(like(subject))}]".encode())
    assert 200 == answer.status_code, answer.text
    receipt = answer.json()
    if pointer is None:
        assert 3 == receipt["accepted"] + len(receipt["rejected"])
        return
    assert 2 == receipt["accepted"], receipt
    [rejected] = receipt["rejected"]
    assert 1 == rejected["index"]
    assert pointer in {error["pointer"] for error in rejected["errors"]}, rejected
    assert 2 == await likes(stage.client, show.id)
    assert_problem(await post(stage.client, wrong.encode(), SINGLE), 422, pointer)


async def test_a_value_that_was_sent_is_never_repeated(stage: Stage, room: Rooms) -> None:
    """Errors name the field and the rule; answers contain no viewer id."""
    secret = "o9hHn5-" + "x" * 300
    answer = await post(stage.client, body([like(room(), type="live.viewer.entered", data={"viewer": secret})]))
    assert_problem(answer, 422, "/data/viewer")
    assert "o9hHn5" not in answer.text


async def test_binary_mode_is_as_strict(stage: Stage, room: Rooms) -> None:
    """Wrong attributes are named as in the other modes; a body that is not JSON is a 400, another content type a 415."""
    await stage.show(subject := room())
    headers, content = binary(like(subject))
    assert_problem(await post(stage.client, content, headers | {"ce-time": "yesterday"}), 422, "/time")
    assert_problem(await post(stage.client, content, headers | {"ce-type": "live.dream.had"}), 422, "/type")
    assert_problem(await post(stage.client, content, headers | {"ce-specversion": "0.3"}), 422, "/specversion")
    assert_problem(await post(stage.client, b'{"count":-1}', headers), 422, "/data/count")
    assert_problem(await post(stage.client, b"{", headers), 400)
    assert_problem(await post(stage.client, content, headers | {"Content-Type": "text/plain"}), 415)
    assert_problem(await post(stage.client, content, headers | {"ce-subject": "%ff%fe"}), 400)
    without = {name: value for name, value in headers.items() if name != "ce-id"}
    assert_problem(await post(stage.client, content, without), 422, "/id")


@pytest.mark.parametrize("repeated", ["ce-id", "ce-myext", "Content-Type"])
async def test_no_header_that_is_sent_twice_is_dropped(stage: Stage, room: Rooms, repeated: str) -> None:
    """Two headers that state one attribute are refused by name, even if they are equal; other headers may be repeated."""
    show = await stage.show(subject := room())
    headers, content = binary(like(subject) | {"myext": "x"})
    value = next(value for name, value in headers.items() if name.lower() == repeated.lower())
    for second in ("text/json", value):
        sent = [*headers.items(), (repeated, second)]
        answer = await stage.client.post("/v1/events", content=content, headers=sent)
        assert_problem(answer, 400)
        assert f"the header {repeated.lower()} occurs more than once" == answer.json()["detail"]
    assert await likes(stage.client, show.id) is None
    more = [*headers.items(), ("via", "a"), ("via", "b")]
    assert 200 == (await stage.client.post("/v1/events", content=content, headers=more)).status_code


def _seconds_of_headers(number: int) -> float:
    began = thread_time()
    _refuse_repeated(f"x{place // 2}" for place in range(number))
    return thread_time() - began


async def test_many_headers_take_time_in_proportion() -> None:
    """As many as a head has room for, each sent twice: ten times as many take some ten times as long, not a hundred times."""
    most = Settings.model_fields["max_head_bytes"].default // len("x1:\r\n")
    few = min(_seconds_of_headers(most // 10) for _ in range(5))
    assert min(_seconds_of_headers(most) for _ in range(3)) < 40 * few


async def test_an_error_says_the_real_reason(stage: Stage, room: Rooms) -> None:
    """The character and its place, not that the text is no string."""
    for change, reason in (
        (r'"id":"a\uffff"', "holds U+FFFF at character 2, which is no Unicode character"),
        (r'"id":"a\u0000"', "holds U+0000 at character 2, which is a control character"),
        (r'"id":"好\ud83d"', "holds half of a surrogate pair (U+D83D) at character 2: the text was cut inside a character"),
    ):
        answer = await post(stage.client, _text(room(), change).encode(), SINGLE)
        assert [("/id", reason, "identifier")] == [(e["pointer"], e["detail"], e["code"]) for e in answer.json()["errors"]]


async def test_unknown_fields_and_extensions_are_kept(stage: Stage, room: Rooms) -> None:
    """Fields of the data, extension attributes and `dataschema` are in the log as they came; only characters are cleaned."""
    show = await stage.show(subject := room())
    mood = {"a": [None, 1e300, {"b": "\U0001f600"}], "count": 2**80}
    event = like(subject, traceparent="00-1", live=True, attempt=3, dataschema="https://studio.example/like/1")
    text = json.dumps(event | {"data": {"count": 2.0, "mood": mood, "nothing": None, "x": "好", "lone": "?", "nul": "n"}})
    text = text.replace('"?"', r'"\ud800"').replace('"n"', r'"a\u0000"')
    answer = await post(stage.client, f"[{text}]".encode())
    assert 1 == answer.json()["accepted"], answer.text
    [logged] = (await stage.client.get("/v1/events", params={"session": show.id})).json()["events"]
    assert ("00-1", True, 3, "https://studio.example/like/1") == tuple(
        logged[name] for name in ("traceparent", "live", "attempt", "dataschema")
    )
    kept = {"count": 2, "mood": mood, "nothing": None, "x": "好", "lone": "\ufffd", "nul": "a"}
    assert kept == {name: value for name, value in logged["data"].items() if name != "viewer"}
    assert 2 == await likes(stage.client, show.id)


async def test_an_unknown_field_does_not_bring_a_viewers_id_into_the_log(stage: Stage, room: Rooms) -> None:
    """A field that repeats the id of the event's person holds the pseudonym instead."""
    show = await stage.show(subject := room())
    data = {"viewer": "o9hHn5-raw", "openid": "o9hHn5-raw", "user": {"ids": ["o9hHn5-raw"]}}
    await post(stage.client, body([like(subject, type="live.viewer.entered", data=data)]))
    answer = await stage.client.get("/v1/events", params={"session": show.id})
    assert 1 == len(answer.json()["events"])
    assert "o9hHn5-raw" not in answer.text


async def test_only_the_character_of_a_comment_suffers(stage: Stage, room: Rooms) -> None:
    """Half an emoji, a control character, a noncharacter, a text over the limit: every comment counts."""
    show = await stage.show(subject := room())
    texts = (r"好\ud83d", r"\u0000", r"a\u0007b", "\ufffe", "\u0085", "好" * 4097, "好" * 60_000, r"\ud83d\ude00", "")
    batch = ",".join(
        json.dumps(like(subject, type="live.comment.posted"))[:-1] + f',"data":{{"viewer":"v{number}","text":"{text}"}}}}'
        for number, text in enumerate(texts)
    )
    answer = await post(stage.client, f"[{batch}]".encode())
    assert (200, len(texts)) == (answer.status_code, answer.json()["accepted"]), answer.text
    kpis = (await stage.client.get(f"/v1/sessions/{show.id}/kpis")).json()["kpis"]
    assert len(texts) == kpis["comments"]["value"] == kpis["commenters"]["value"]


async def test_an_event_over_its_limit_is_refused_before_it_is_parsed(stage: Stage, room: Rooms) -> None:
    """An order of a hundred thousand empty lines costs its neighbours nothing, and answers 413."""
    show = await stage.show(subject := room())
    order = json.dumps(like(subject, type="live.order.paid"))[:-1] + ',"data":{"lines":[' + "{}," * 100_000 + "{}]}}"
    answer = await post(stage.client, f"[{json.dumps(like(subject))},{order},{json.dumps(like(subject))}]".encode())
    assert (200, 2) == (answer.status_code, answer.json()["accepted"])
    assert "262144 bytes" in answer.json()["rejected"][0]["errors"][0]["detail"]
    assert_problem(await post(stage.client, order.encode(), SINGLE), 413)
    assert 2 == await likes(stage.client, show.id)


async def test_numbers_and_leap_seconds_are_read_as_they_are_meant(stage: Stage, room: Rooms) -> None:
    """1.0 and 1e3 are integers, a leap second is a time, and JSON has many names."""
    show = await stage.show(subject := room())
    for change in (
        '"data":{"count":1.0}', '"data":{"count":1e3}', '"time":"2016-12-31T23:59:60Z","data":{"count":10000}',
        '"datacontenttype":"text/json","data":{"count":100000}', '"datacontenttype":"image/x+json;a=b","data":{"count":1000000}',
    ):  # fmt: skip
        answer = await post(stage.client, _text(subject, change).encode(), SINGLE)
        assert 200 == answer.status_code, answer.text
    assert 1_111_001 == await likes(stage.client, show.id)


async def test_other_methods_and_paths_are_problems_too(stage: Stage) -> None:
    """405 names what is allowed; an unknown path is a 404; both are problem documents."""
    for method, path, status in (("PUT", "/v1/events", 405), ("DELETE", "/v1/events", 405), ("GET", "/v1/nothing", 404)):
        answer = await stage.client.request(method, path)
        assert (status, PROBLEM) == (answer.status_code, answer.headers["Content-Type"])
        assert 405 != status or "POST" in answer.headers["Allow"]
