"""Changes of the API document that break a client of the last release.

In: two OpenAPI 3.1 documents. Out: one sentence per change that breaks, with its place. Never here: changes that only add.

What a client sends is compared in one direction (the new version accepts all that the old one accepted), what it receives in the
other (the new version answers nothing that the old document excludes). Answers may have further members, values of enumerations and
variants of a union of objects: clients pass over what they do not know.
"""

import json
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parents[2] / "openapi"
PRESENT, RELEASED, ALLOWED = FOLDER / "openapi.json", FOLDER / "released.json", FOLDER / "allowed_changes.toml"
METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
PROSE = ("description", "summary", "title", "example", "examples", "externalDocs", "tags", "contact", "x-tagGroups")
Json = Mapping[str, Any]


class Side(NamedTuple):
    """Both documents, and who sends what is compared."""

    old: Json
    new: Json
    sent_by_client: bool


def breaking(old: Json, new: Json) -> list[str]:
    """Return what of the new document breaks a client of the old one."""
    found: list[str] = []
    for path, item in old["paths"].items():
        if path not in new["paths"]:
            found.append(f"{path}: removed")
            continue
        for method in METHODS:
            if method not in item:
                continue
            place = f"{method.upper()} {path}"
            if method in new["paths"][path]:
                operation = {**new["paths"][path][method]}
                found += _operation(old, new, place, item[method], operation)
            else:
                found.append(f"{place}: removed")
    return list(dict.fromkeys(found))


def _operation(old: Json, new: Json, place: str, before: Json, after: Json) -> Iterator[str]:
    if before.get("operationId") != after.get("operationId"):
        yield f"{place}: operation id {before.get('operationId')} is now {after.get('operationId')}"
    sent, received = Side(old, new, sent_by_client=True), Side(old, new, sent_by_client=False)
    known = _parameters(old, before)
    present = _parameters(new, after)
    for (name, where), one in known.items():
        if (name, where) not in present:
            yield f"{place}: {where} parameter {name} removed"
        else:
            yield from _schema(
                sent, f"{place}: {where} parameter {name}", one.get("schema", {}), present[name, where].get("schema", {}), ()
            )
    for key, one in present.items():
        if one.get("required") and not known.get(key, {}).get("required"):
            yield f"{place}: {key[1]} parameter {key[0]} required"
    yield from _body(sent, f"{place}: request", before.get("requestBody"), after.get("requestBody"))
    for status, answer in before.get("responses", {}).items():
        if status.startswith("2"):
            if status not in after.get("responses", {}):
                yield f"{place}: answer {status} removed"
            else:
                yield from _body(received, f"{place}: answer {status}", answer, after["responses"][status])


def _parameters(document: Json, operation: Json) -> dict[tuple[str, str], Json]:
    found = (_resolved(document, one) for one in operation.get("parameters", ()))
    return {(one["name"], one["in"]): one for one in found}


def _body(side: Side, place: str, before: Json | None, after: Json | None) -> Iterator[str]:
    before, after = _resolved(side.old, before or {}), _resolved(side.new, after or {})
    if side.sent_by_client and after.get("required") and not before.get("required"):
        yield f"{place}: body required"
    for name in before.get("headers", {}):
        if name not in after.get("headers", {}):
            yield f"{place}: header {name} removed"
    for media, content in before.get("content", {}).items():
        if media not in after.get("content", {}):
            yield f"{place}: {media} removed"
        else:
            yield from _schema(side, place, content.get("schema", {}), after["content"][media].get("schema", {}), ())


def _schema(side: Side, place: str, before: Any, after: Any, above: tuple[tuple[Any, Any], ...]) -> Iterator[str]:
    """Yield the changes of a schema; `above` holds the references that lead here, so that a recursive schema ends."""
    step = (_reference(before), _reference(after))
    if None not in step and step in above:
        return
    above = (*above, step)
    before, after = _resolved(side.old, before), _resolved(side.new, after)
    old_variants, new_variants = _variants(side.old, before), _variants(side.new, after)
    if len(old_variants) > 1 or len(new_variants) > 1:
        yield from _union(side, place, old_variants, new_variants, above)
        return
    old_types, new_types = _types(before), _types(after)
    lost = _beyond(old_types, new_types) if side.sent_by_client else _beyond(new_types, old_types)
    if lost:
        yield f"{place}: type {_named(old_types)} is now {_named(new_types)}"
        return
    yield from _values(side, place, before, after)
    yield from _members(side, place, before, after, above)
    if "items" in before and "items" in after:
        yield from _schema(side, f"{place}/*", before["items"], after["items"], above)
    further = before.get("additionalProperties"), after.get("additionalProperties")
    if all(isinstance(one, Mapping) for one in further):
        yield from _schema(side, f"{place}/*", *further, above)
    elif side.sent_by_client and further[0] is not False and further[1] is False and "properties" not in before:
        yield f"{place}: further members refused"


def _values(side: Side, place: str, before: Json, after: Json) -> Iterator[str]:
    old_values, new_values = _enumeration(before), _enumeration(after)
    if old_values is not None and new_values is not None:
        for value in old_values:
            if value not in new_values:
                yield f"{place}: value {json.dumps(value, ensure_ascii=False)} removed"
    elif new_values is not None and side.sent_by_client:
        yield f"{place}: only {json.dumps(new_values, ensure_ascii=False)} allowed"
    if before.get("format") != after.get("format") and (side.sent_by_client is False or "format" in after):
        yield f"{place}: format {before.get('format')} is now {after.get('format')}"
    if side.sent_by_client:
        yield from _bounds(place, before, after)


def _bounds(place: str, before: Json, after: Json) -> Iterator[str]:
    if after.get("pattern") not in {None, before.get("pattern")}:
        yield f"{place}: pattern changed"
    for name in UPPER:
        if name in after and (name not in before or after[name] < before[name]):
            yield f"{place}: {name} {before.get(name)} is now {after[name]}"
    for name in LOWER:
        if name in after and (name not in before or after[name] > before[name]):
            yield f"{place}: {name} {before.get(name)} is now {after[name]}"


def _members(side: Side, place: str, before: Json, after: Json, above: tuple[tuple[Any, Any], ...]) -> Iterator[str]:
    old_members, new_members = before.get("properties", {}), after.get("properties", {})
    old_required, new_required = set(before.get("required", ())), set(after.get("required", ()))
    for name, schema in old_members.items():
        if name in new_members:
            yield from _schema(side, f"{place}/{name}", schema, new_members[name], above)
        elif not side.sent_by_client or after.get("additionalProperties") is False:
            yield f"{place}/{name}: removed"
    if side.sent_by_client:
        yield from (f"{place}/{name}: required" for name in sorted(new_required - old_required))
    else:
        yield from (f"{place}/{name}: may be absent" for name in sorted((old_required - new_required) & set(new_members)))


def _union(side: Side, place: str, before: list[Any], after: list[Any], above: tuple[tuple[Any, Any], ...]) -> Iterator[str]:
    """Yield what of the sender's variants none of the receiver's takes; of several candidates, the changes of the nearest."""
    sending, receiving = (before, after) if side.sent_by_client else (after, before)
    documents = (side.old, side.new) if side.sent_by_client else (side.new, side.old)
    objects = sum(_types(_resolved(documents[1], one)) == {"object"} for one in receiving)
    known = {_reference(one) for one in receiving} - {None}
    for variant in sending:
        kinds = _types(_resolved(documents[0], variant))
        if not side.sent_by_client and kinds == {"object"} and objects > 1 and _reference(variant) not in known:
            continue
        tried = []
        for other in receiving:
            pair = (variant, other) if side.sent_by_client else (other, variant)
            tried.append(list(_schema(side, place, *pair, above)))
        nearest = min(tried, key=len, default=[f"{place}: removed"])
        same = [one for one, other in zip(tried, receiving, strict=True) if _reference(other) == _reference(variant) is not None]
        yield from same[0] if same and nearest else nearest


def _variants(document: Json, schema: Json) -> list[Any]:
    """Return the alternatives of a schema, those of nested unions included."""
    for name in ("anyOf", "oneOf"):
        if name in schema:
            return [leaf for one in schema[name] for leaf in _flat(document, one)]
    return [schema]


def _flat(document: Json, schema: Any) -> list[Any]:
    resolved = _resolved(document, schema)
    return _variants(document, resolved) if "anyOf" in resolved or "oneOf" in resolved else [schema]


def _types(schema: Json) -> set[str]:
    """Return the JSON types that a schema allows; none if it allows all."""
    stated = schema.get("type")
    if stated is None:
        values = _enumeration(schema)
        if values is not None:
            return {_type_of(value) for value in values}
        return {"object"} if "properties" in schema else set()
    return set(stated) if isinstance(stated, list) else {stated}


def _type_of(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null", list: "array", dict: "object"}
    return names[type(value)]


def _beyond(some: set[str], others: set[str]) -> set[str]:
    """Return the types that a receiver of `others` does not take; no types at all means every type."""
    if not others:
        return set()
    if not some:
        return {"any"}
    return {one for one in some if one not in others and not (one == "integer" and "number" in others)}


def _named(types: set[str]) -> str:
    return " or ".join(sorted(types)) or "any"


def _enumeration(schema: Json) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    return schema.get("enum")


def _reference(schema: Any) -> str | None:
    return schema.get("$ref") if isinstance(schema, Mapping) else None


def _resolved(document: Json, schema: Any) -> Json:
    """Return what a reference leads to, and what `allOf` combines, as one schema."""
    if not isinstance(schema, Mapping):
        return {}
    if "$ref" in schema:
        found: Any = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        return _resolved(document, found)
    if "allOf" in schema:
        joined: dict[str, Any] = {name: value for name, value in schema.items() if name != "allOf"}
        for part in schema["allOf"]:
            one = _resolved(document, part)
            joined["properties"] = {**joined.get("properties", {}), **one.get("properties", {})}
            joined["required"] = [*joined.get("required", ()), *one.get("required", ())]
            joined |= {name: value for name, value in one.items() if name not in {"properties", "required"}}
        return joined
    return schema


def without_prose(value: Any, *, names: bool = False) -> Any:
    """Return a document without what no program reads; `names` is true for an object whose members are names, not keywords."""
    if isinstance(value, list):
        return [without_prose(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: without_prose(one, names=not names and name in {"properties", "schemas", "paths", "responses", "headers"})
        for name, one in value.items()
        if names or name not in PROSE
    }


def allowed() -> dict[str, str]:
    """Return the changes that break and were made on purpose, with their reasons."""
    entries = tomllib.loads(ALLOWED.read_text(encoding="utf-8")).get("change", [])
    return {sentence: one["because"] for one in entries for sentence in one["is"]}


def main() -> None:
    """Write the present document as that of the release, and take the allowed changes away: they are part of it now."""
    released = without_prose(json.loads(PRESENT.read_text(encoding="utf-8")))
    RELEASED.write_text(json.dumps(released, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8")
    text = ALLOWED.read_text(encoding="utf-8")
    ALLOWED.write_text(text.partition("\n[[change]]")[0].rstrip() + "\n", encoding="utf-8")
    sys.stdout.write(f"{RELEASED.relative_to(FOLDER.parent)}: the document of {released['info']['version']}\n")


if __name__ == "__main__":
    main()
