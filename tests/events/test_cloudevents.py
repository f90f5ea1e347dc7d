"""Strict CloudEvents: names, values and encodings of attributes, in JSON and in headers."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from app.events.cloudevents import HeaderError, attribute_of_header, canonical, of_headers

EVENT: dict[str, Any] = {"specversion": "1.0", "id": "1", "source": "/s", "type": "live.like.sent", "subject": "wechat:a"}


def encoded(text: str | bytes) -> str:
    """Return base64 as the JSON format writes it."""
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def test_data_in_base64_is_decoded() -> None:
    """Bytes of JSON are the same data as the JSON itself."""
    found, problems = canonical(EVENT | {"data_base64": encoded('{"count": 50}')})
    assert ({"count": 50}, []) == (found["data"], problems)
    assert "data_base64" not in found


@given(data=st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.none(), max_size=4))
def test_base64_changes_nothing(data: dict[str, Any]) -> None:
    """Whatever the data is."""
    found, problems = canonical(EVENT | {"data_base64": encoded(json.dumps(data, ensure_ascii=False))})
    assert (EVENT | {"data": data}, []) == (found, problems)


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"data": {}, "data_base64": encoded("{}")}, "excludes data: an event has one of them"),
        ({"data_base64": "e30"}, "is not base64 (RFC 4648, section 4)"),
        ({"data_base64": "e3 0="}, "is not base64 (RFC 4648, section 4)"),
        ({"data_base64": "e30=\n"}, "is not base64 (RFC 4648, section 4)"),
        ({"data_base64": "_-8="}, "is not base64 (RFC 4648, section 4)"),
        ({"data_base64": "好="}, "is not base64 (RFC 4648, section 4)"),
        ({"data_base64": {}}, "is not base64 (RFC 4648, section 4)"),
        ({"data_base64": encoded("{")}, "what it holds is not JSON at line 1 column 2"),
        ({"data_base64": encoded(b"\x1f\x8b\x08")}, "what it holds is not JSON at line 1 column 1"),
    ],
)
def test_base64_that_cannot_be_read_is_named(changes: dict[str, Any], detail: str) -> None:
    """Both members, another alphabet, no padding, blanks, no JSON."""
    assert [("data_base64", detail)] == canonical(EVENT | changes)[1]


def test_what_is_null_is_absent() -> None:
    """The JSON format lets a sender write null for an attribute that it does not set."""
    found, problems = canonical(EVENT | {"time": None, "data": None, "data_base64": None, "ext": None})
    assert (EVENT, []) == (found, problems)


@pytest.mark.parametrize("name", ["Time", "event_type", "event-type", "", "日本", "a b", "a\x00", "a.b", "\ud800"])
def test_a_name_that_no_attribute_can_have_is_named(name: str) -> None:
    """Lower-case ASCII letters and digits, and nothing else."""
    [problem] = canonical(EVENT | {name: "x"})[1]
    assert "is no name of an attribute: lower-case ASCII letters and digits only" == problem.detail
    problem.member.encode()


@pytest.mark.parametrize(
    ("value", "kept"), [("a b", "a b"), ("好\ud83d\x00", "好\ufffd"), (True, True), (0, 0), (-(2**31), -(2**31)), (7.0, 7)]
)
def test_an_extension_is_kept(value: object, kept: object) -> None:
    """A string, whose characters are cleaned, an integer, a boolean."""
    found, problems = canonical(EVENT | {"ext": value})
    assert (kept, type(kept), []) == (found["ext"], type(found["ext"]), problems)


@pytest.mark.parametrize("value", [1.5, 2**31, -(2**31) - 1, [], {}, ["a"], "x" * 4097, 10**30])
def test_a_value_that_no_attribute_can_have_is_named(value: object) -> None:
    """Fractions, 64 bits, lists and objects are no types of CloudEvents."""
    found, problems = canonical(EVENT | {"ext": value})
    assert ["ext"] == [problem.member for problem in problems]
    assert "ext" not in found


@pytest.mark.parametrize("data", ['{"count": 2}', ' {"count": 2} '])
def test_data_that_an_sdk_serialised_twice_is_read(data: str) -> None:
    """A text of a JSON object is the object; any other text is left to the payload's rule."""
    assert {"count": 2} == canonical(EVENT | {"data": data})[0]["data"]
    assert "text" == canonical(EVENT | {"data": "text"})[0]["data"]
    assert [("data", "is a text that is not JSON")] == canonical(EVENT | {"data": "{"})[1]


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("plain", "plain"), ('"1.0"', "1.0"), ('"a b"', "a b"), (r'"a\"b"', 'a"b'), (r'"a\\b"', r"a\b"), (r'"\a"', "a"), ('""', ""),
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € \U0001f600"), ("%2525", "%25"), ('"%22"', '"'), ("a%zz", "a%zz"), ("100%", "100%"),
        ("/s/スタジオ".encode().decode("latin-1"), "/s/スタジオ"), ('"a', '"a'), ('a"b"', 'a"b"'), ('"a"b"', '"a"b"'), ('"', '"'), (r'"a\"', r'"a\"'),
    ],
)  # fmt: skip
def test_a_header_is_unquoted_and_then_decoded_once(header: str, value: str) -> None:
    """HTTP Protocol Binding 1.0.2, section 3.1.3.2; quotes that do not enclose the value belong to it."""
    assert value == attribute_of_header(header)


@given(value=st.text(max_size=20))
def test_any_value_survives_quoting_and_percent_encoding(value: str) -> None:
    """As senders by this version and by older ones encode it."""
    percent = "".join(
        character if "!" <= character <= "~" and character not in '"%' else "".join(f"%{byte:02X}" for byte in character.encode())
        for character in value
    )
    assert value == attribute_of_header(percent)
    assert value == attribute_of_header('"' + percent.replace("\\", "\\\\") + '"')


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({"ce-id": "%ff"}, "the header ce-id is not UTF-8"),
        ({"ce-id": "\xff"}, "the header ce-id is not UTF-8"),
        ({"ce-datacontenttype": "text/xml", "content-type": "application/json"}, "ce-datacontenttype contradicts Content-Type"),
        ({"ce-data": "{}"}, "the body is the data in binary mode"),
    ],
)
def test_a_header_that_stands_for_no_attribute_is_named(headers: dict[str, str], detail: str) -> None:
    """The error names the header, and quotes no value."""
    with pytest.raises(HeaderError, match=detail):
        of_headers(headers)


def test_headers_are_the_attributes() -> None:
    """Content-Type is `datacontenttype`; other headers are none of ours."""
    headers = {"ce-id": '"1"', "ce-myext": "a%20b", "content-type": "text/json", "authorization": "Bearer x"}
    assert {"id": "1", "myext": "a b", "datacontenttype": "text/json"} == of_headers(headers)
    assert "application/json" == of_headers({"ce-id": "1"})["datacontenttype"]
