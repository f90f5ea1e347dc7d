"""The OpenAPI document: FastAPI's, with events and problems added.

In: the application. Out: its document. Never here: routes.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.events.envelope import EVENT
from app.problems import MEDIA_TYPE, ProblemDocument, responses

TAGS = [
    {"name": "ingest", "description": "Telemetry in: events, dead letters, parked rooms, voids."},
    {"name": "webhooks", "description": "The platforms' own pushes."},
    {"name": "connections", "description": "Platforms and tools that an agency connects."},
    {"name": "imports", "description": "Exports of a back-end, as CSV."},
    {"name": "sessions", "description": "Live sessions."},
    {"name": "streams", "description": "The rooms of a session."},
    {"name": "lineup", "description": "What a session sells."},
    {"name": "promotions", "description": "What advertised a session."},
    {"name": "notes", "description": "What operators saw, and their summary."},
    {"name": "results", "description": "Figures out: KPIs, products, timeline, showcases, audience, orders, report, insights."},
    {"name": "live", "description": "A session while it runs: the stream, its tickets, alerts."},
    {"name": "brands", "description": "Whose sessions they are."},
    {"name": "products", "description": "The catalogue: codes, names, aliases."},
    {"name": "keys", "description": "API keys."},
    {"name": "labels", "description": "The words of API, report and dashboard, in three languages."},
    {"name": "service", "description": "Health, readiness, metrics."},
]
_ALWAYS = ("/healthz", "/metrics")
"""Routes that need no database."""
_REF = "#/components/schemas/{model}"


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the document, made once per application."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes, tags=app.openapi_tags
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["ProblemDocument"] = ProblemDocument.model_json_schema(ref_template=_REF)
        schemas.update(schemas["ProblemDocument"].pop("$defs", {}))
        event = EVENT.json_schema(ref_template=_REF)
        schemas.update(event.pop("$defs"))
        schemas["Event"] = event | {"title": "Event", "description": "One CloudEvents 1.0 event of a live session."}
        for path_name, path in document["paths"].items():
            for operation in path.values():
                if not path_name.startswith(_ALWAYS):
                    operation["responses"].setdefault("503", responses(503)[503])
                if "requestBody" in operation:
                    for status, problem in responses(400, 413).items():
                        operation["responses"].setdefault(str(status), problem)
                _only_problems(operation["responses"])
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        app.openapi_schema = document
    return app.openapi_schema


def _only_problems(answers: dict[str, Any]) -> None:
    """Replace FastAPI's own validation error, which is never sent, and FastAPI's JSON form of each problem."""
    for status, response in answers.items():
        if status >= "400":
            response["content"] = {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="ProblemDocument")}}}
