"""The OpenAPI document: FastAPI's, with events, problems and connections by kind, in the form that generators expect.

In: the application. Out: its document. Never here: routes.
"""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic_core import to_json

from app.api.operations.channel_schemas import type_channels
from app.api.operations.connection_schemas import type_connections
from app.events.envelope import EVENT
from app.problems import MEDIA_TYPE, ProblemDocument, responses

TAGS = [
    {"name": "ingest", "description": "Telemetry in: events, dead letters, parked events, voids."},
    {"name": "webhooks", "description": "The platforms' own pushes."},
    {"name": "connections", "description": "Platforms and tools that an agency connects."},
    {"name": "imports", "description": "Files of a back end: CSV and workbooks."},
    {"name": "sessions", "description": "Live sessions, and their rebuilds."},
    {"name": "desk", "description": "What operators do before and while a session runs."},
    {"name": "streams", "description": "The rooms of a session."},
    {"name": "lineup", "description": "What a session sells."},
    {"name": "promotions", "description": "What advertised a session."},
    {"name": "notes", "description": "What operators saw, and their summary."},
    {"name": "results", "description": "Figures out: KPIs, products, timeline, showcases, audience, orders, report, insights."},
    {"name": "exports", "description": "Whole tables as CSV or Parquet, for notebooks and other programs."},
    {"name": "logistics", "description": "What is to be sent: packing lists, cartons, parcels."},
    {"name": "live", "description": "A session while it runs: the stream, its tickets, alerts."},
    {"name": "channels", "description": "Where alerts and results are sent: chats, programs."},
    {"name": "brands", "description": "Brands, their names, logos and chosen figures."},
    {"name": "customers", "description": "A brand's customers by pseudonym, and cohorts."},
    {"name": "products", "description": "The catalogue: codes, names, aliases."},
    {"name": "contracts", "description": "What a brand and its agency agreed on, and the presets."},
    {"name": "exchange-rates", "description": "Exchange rates with their sources."},
    {"name": "release", "description": "Revisions of a session's report that never change."},
    {"name": "settlements", "description": "Statements of a brand's month: drafts, issued ones, corrections."},
    {"name": "people", "description": "Callers: people, their sign-in links and devices, and who a request comes from."},
    {"name": "keys", "description": "API keys."},
    {"name": "months", "description": "The month of a brand, and the agency's."},
    {"name": "audit", "description": "Who wrote what, when and from where."},
    {"name": "labels", "description": "The words of API, report and dashboard, in three languages."},
    {"name": "service", "description": "Health, readiness, metrics."},
]
_ALWAYS = ("/healthz", "/metrics")
"""Routes that need no database."""
_COOKIE = {
    "type": "apiKey",
    "in": "cookie",
    "name": "__Host-tallylight",
    "description": "the cookie of `POST /v1/sign-in`; `tallylight` over http, `__Secure-tallylight` below a base path",
}
"""Added to the document alone: as a dependency of every route it would cost each request."""
_REF = "#/components/schemas/{model}"


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the document, made once per application."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            contact=app.contact,
            license_info=app.license_info,
            servers=app.servers,
            routes=app.routes,
            tags=app.openapi_tags,
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        document["components"].setdefault("securitySchemes", {})["Cookie"] = _COOKIE
        schemas["ProblemDocument"] = ProblemDocument.model_json_schema(ref_template=_REF)
        schemas.update(schemas["ProblemDocument"].pop("$defs", {}))
        event = EVENT.json_schema(ref_template=_REF)
        schemas.update(event.pop("$defs"))
        schemas["Event"] = event | {"title": "Event", "description": "One CloudEvents 1.0 event of a live session."}
        for path, operation in _operations(document):
            if not path.startswith(_ALWAYS):
                operation["responses"].setdefault("503", responses(503)[503])
            if operation.get("security"):
                operation["security"] = [*operation["security"], {"Cookie": []}]
                operation["responses"].setdefault("429", responses(429)[429])
            if "requestBody" in operation:
                for status, problem in responses(400, 413).items():
                    operation["responses"].setdefault(str(status), problem)
            operation.setdefault("security", [])
            _only_problems(operation["responses"])
        type_connections(schemas)
        type_channels(schemas)
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        _name_bounds(schemas)
        for schema in schemas.values():
            for member in schema.get("properties", {}).values():
                _describe_default(member)
            if "example" in schema:
                schema["example"] = _with_nulls(schema["example"], schema, schemas)
        app.openapi_schema = document
    return app.openapi_schema


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def _only_problems(answers: dict[str, Any]) -> None:
    """Replace FastAPI's own validation error, which is never sent, and FastAPI's JSON form of each problem."""
    for status, response in answers.items():
        if status >= "400":
            schemas = [content["schema"] for content in response.get("content", {}).values() if "schema" in content]
            own = [schema for schema in schemas if not schema.get("$ref", "").endswith("/HTTPValidationError")]
            response["content"] = {MEDIA_TYPE: {"schema": own[0] if own else {"$ref": _REF.format(model="ProblemDocument")}}}


_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


def _name_bounds(node: Any) -> None:
    """Give bounds the names of JSON Schema: Pydantic keeps its own behind a validator. JSON Schema has no bounds of times."""
    if isinstance(node, list):
        for item in node:
            _name_bounds(item)
    elif isinstance(node, dict):
        if isinstance(node.get("type"), str):
            for name in [name for name in _BOUNDS if name in node]:
                bound = node.pop(name)
                if node["type"] in {"integer", "number"}:
                    node[_BOUNDS[name]] = bound
        for member in node.values():
            _name_bounds(member)


def _describe_default(member: dict[str, Any]) -> None:
    """Say a default in the description: generators of TypeScript take a member with `default` for one that is required."""
    default = member.pop("default", None)
    if default not in (None, [], {}) and "const" not in member:
        member["description"] = "; ".join(filter(None, (member.get("description"), f"default: {to_json(default).decode()}")))


def _with_nulls(example: Any, schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """Return an example with the nulls that FastAPI removes from it: a required member that may be null is null there."""
    schema = _resolved(schema, schemas)
    if isinstance(example, list):
        return [_with_nulls(item, schema.get("items", {}), schemas) for item in example]
    if not isinstance(example, dict):
        return example
    properties = schema.get("properties", {})
    missing = {name: None for name in schema.get("required", ()) if name not in example and _nullable(properties.get(name, {}))}
    return {name: _with_nulls(value, properties.get(name, {}), schemas) for name, value in (example | missing).items()}


def _nullable(schema: dict[str, Any]) -> bool:
    return {"type": "null"} in schema.get("anyOf", ()) or not schema.keys() - {"title", "description"}


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return _resolved(schemas[schema["$ref"].rsplit("/", 1)[-1]], schemas)
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    return _resolved(options[0], schemas) if len(options) == 1 else schema
