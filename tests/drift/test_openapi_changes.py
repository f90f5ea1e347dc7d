"""No change of the API breaks a client of the last release, unless openapi/allowed_changes.toml says why."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.drift.openapi_changes import PRESENT, RELEASED, allowed, breaking, without_prose

Document = dict[str, Any]


def test_no_change_breaks_a_client_of_the_last_release() -> None:
    """What breaks is listed with its reason, and nothing else is listed."""
    released, present = (json.loads(path.read_text(encoding="utf-8")) for path in (RELEASED, PRESENT))
    known = allowed()
    assert all(reason.strip() for reason in known.values())
    found = breaking(released, present)
    unexpected = [one for one in found if one not in known]
    assert not unexpected, "breaks clients; if it must be, list it in openapi/allowed_changes.toml:\n" + "\n".join(unexpected)
    assert [] == [one for one in known if one not in found]


def document() -> Document:
    """Return a small document of an API."""
    note = {
        "type": "object",
        "required": ["id", "kind"],
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "kind": {"enum": ["summary", "observation"], "type": "string"},
            "text": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "replies": {"type": "array", "items": {"$ref": "#/components/schemas/Note"}},
        },
    }
    new_note = {
        "type": "object",
        "additionalProperties": False,
        "required": ["kind"],
        "properties": {
            "kind": {"enum": ["summary", "observation"], "type": "string"},
            "text": {"type": "string", "maxLength": 100, "minLength": 1},
            "position": {"type": "number"},
            "share": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
        },
    }
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Note"}}}
    return {
        "info": {"version": "1"},
        "components": {"schemas": {"Note": note, "NewNote": new_note}},
        "paths": {
            "/notes": {
                "get": {
                    "operationId": "notes:list",
                    "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}}],
                    "responses": {
                        "200": {
                            "headers": {"ETag": {"schema": {"type": "string"}}},
                            "content": {
                                "application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Note"}}}
                            },
                        }
                    },
                },
                "post": {
                    "operationId": "notes:create",
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewNote"}}}},
                    "responses": {"201": {"content": content}, "422": {"content": {}}},
                },
            }
        },
    }


def changed(change: Callable[[Document], Any]) -> Document:
    """Return the document with a change."""
    after = copy.deepcopy(document())
    change(after)
    return after


def note(after: Document) -> Document:
    """Return the schema of what a client receives."""
    found: Document = after["components"]["schemas"]["Note"]
    return found


def new_note(after: Document) -> Document:
    """Return the schema of what a client sends."""
    found: Document = after["components"]["schemas"]["NewNote"]
    return found


def listed(after: Document) -> Document:
    """Return the operation that lists."""
    found: Document = after["paths"]["/notes"]["get"]
    return found


BREAKING: dict[str, Callable[[Document], Any]] = {
    "/notes: removed": lambda d: d["paths"].clear(),
    "POST /notes: removed": lambda d: d["paths"]["/notes"].pop("post"),
    "GET /notes: operation id notes:list is now notes:all": lambda d: listed(d).update(operationId="notes:all"),
    "GET /notes: query parameter limit removed": lambda d: listed(d).update(parameters=[]),
    "GET /notes: query parameter brand required": lambda d: listed(d)["parameters"].append(
        {"name": "brand", "in": "query", "required": True, "schema": {"type": "string"}}
    ),
    "GET /notes: query parameter limit: maximum 100 is now 50": lambda d: listed(d)["parameters"][0]["schema"].update(maximum=50),
    "GET /notes: answer 200: header ETag removed": lambda d: listed(d)["responses"]["200"].update(headers={}),
    "GET /notes: answer 200/*/text: removed": lambda d: note(d)["properties"].pop("text"),
    "GET /notes: answer 200/*/kind: may be absent": lambda d: note(d).update(required=["id"]),
    "GET /notes: answer 200/*/id: type string is now integer": lambda d: note(d)["properties"].update(id={"type": "integer"}),
    "GET /notes: answer 200/*/id: type string is now null": lambda d: note(d)["properties"].update(
        id={"anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}]}
    ),
    "GET /notes: answer 200/*/id: format uuid is now None": lambda d: note(d)["properties"]["id"].pop("format"),
    'GET /notes: answer 200/*/kind: value "summary" removed': lambda d: note(d)["properties"]["kind"].update(
        enum=["observation"]
    ),
    "POST /notes: answer 201 removed": lambda d: d["paths"]["/notes"]["post"]["responses"].pop("201"),
    "POST /notes: request: body required": lambda d: d["paths"]["/notes"]["post"]["requestBody"].update(required=True),
    "POST /notes: request: application/json removed": lambda d: d["paths"]["/notes"]["post"]["requestBody"]["content"].clear(),
    "POST /notes: request/text: required": lambda d: new_note(d).update(required=["kind", "text"]),
    "POST /notes: request/position: removed": lambda d: new_note(d)["properties"].pop("position"),
    "POST /notes: request/position: type number is now integer": lambda d: new_note(d)["properties"].update(
        position={"type": "integer"}
    ),
    "POST /notes: request/text: maxLength 100 is now 50": lambda d: new_note(d)["properties"]["text"].update(maxLength=50),
    "POST /notes: request/text: minLength 1 is now 2": lambda d: new_note(d)["properties"]["text"].update(minLength=2),
    "POST /notes: request/text: pattern changed": lambda d: new_note(d)["properties"]["text"].update(pattern="^a"),
    'POST /notes: request/text: only ["a"] allowed': lambda d: new_note(d)["properties"]["text"].update(enum=["a"]),
    'POST /notes: request/kind: value "summary" removed': lambda d: new_note(d)["properties"]["kind"].update(
        enum=["observation"]
    ),
    "POST /notes: request/share: type null is now boolean": lambda d: new_note(d)["properties"].update(share={"type": "boolean"}),
}


@pytest.mark.parametrize("sentence", BREAKING)
def test_a_change_that_breaks_is_named(sentence: str) -> None:
    """Each kind of change is found, at its place."""
    assert sentence in breaking(document(), changed(BREAKING[sentence]))


HARMLESS: dict[str, Callable[[Document], Any]] = {
    "nothing": lambda d: d,
    "a path": lambda d: d["paths"].update({"/tags": {"get": {}}}),
    "an optional parameter": lambda d: listed(d)["parameters"].append({"name": "q", "in": "query", "schema": {}}),
    "a wider bound": lambda d: listed(d)["parameters"][0]["schema"].update(maximum=500),
    "an optional member of a request": lambda d: new_note(d)["properties"].update(tag={"type": "string"}),
    "a request that may be null": lambda d: new_note(d)["properties"].update(position={"type": ["number", "null"]}),
    "a member of an answer": lambda d: note(d)["properties"].update(at={"type": "string"}),
    "an answer that is never null": lambda d: note(d)["properties"].update(text={"type": "string"}),
    "a value of an answer": lambda d: note(d)["properties"]["kind"].update(enum=["summary", "observation", "plan"]),
    "a value of a request": lambda d: new_note(d)["properties"]["kind"].update(enum=["summary", "observation", "plan"]),
    "prose": lambda d: note(d).update(description="A note.", title="Note"),
    "an error that does not occur": lambda d: d["paths"]["/notes"]["post"]["responses"].pop("422"),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_change_that_only_adds_is_none(name: str) -> None:
    """Clients pass over what they do not know."""
    assert [] == breaking(document(), changed(HARMLESS[name]))


def test_a_variant_of_a_union_may_be_added_to_an_answer_and_not_taken_from_a_request() -> None:
    """An event log may have types that a client does not know; a type that it sends stays accepted."""

    def with_union(*names: str) -> Document:
        made = document()
        schemas = {name: {"type": "object", "required": ["type"], "properties": {"type": {"const": name}}} for name in names}
        made["components"]["schemas"] |= schemas
        union = {"oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in names]}
        made["paths"]["/notes"]["post"]["requestBody"]["content"]["application/json"]["schema"] = union
        listed(made)["responses"]["200"]["content"]["application/json"]["schema"] = union
        return made

    assert [] == breaking(with_union("a", "b"), with_union("a", "b", "c"))
    assert breaking(with_union("a", "b", "c"), with_union("a", "b")) == ['POST /notes: request/type: value "c" removed']


def test_prose_is_left_out_and_members_of_the_same_name_stay() -> None:
    """A member may be called `title`: it is a name there, and no keyword."""
    text = {"type": "object", "title": "Note", "properties": {"title": {"type": "string", "description": "x"}}}
    assert without_prose(text) == {"type": "object", "properties": {"title": {"type": "string"}}}
