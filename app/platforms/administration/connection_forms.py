"""Forms of connections: the fields of each kind, as its adapter takes them.

In: the adapters. Out: fields with their type and rules, for a form. Never here: words, which the label catalogue has; validation.
"""

from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.adapters.protocol import Adapter
from app.adapters.registry import ADAPTERS
from app.catalogue.models import ResponseModel
from app.events import envelope  # noqa: F401 (registers the payloads)
from app.events.registry import PAYLOADS
from app.platforms.administration.connections import POLLED

FieldType = Literal["secret", "text", "boolean", "choice", "map", "rules"]


class FormField(ResponseModel):
    """A field of the form of a kind."""

    name: str = Field(description="`GET /v1/labels` has its words: connection_field.<name>, connection_help.<name>")
    place: Literal["secrets", "options"] = Field(description="member of the connection that holds it")
    type: FieldType = Field(description="map: name → text; rules: the rules of a mapping, see docs/howto/mapping.md")
    required: bool
    choices: list[str] | None = Field(description="values of a choice; labels: connection_choice.<name>.<value>")
    default_value: Any = Field(description="what an absent option means")
    pattern: str | None = Field(description="regular expression that a whole secret matches")


class ConnectionKind(ResponseModel):
    """A kind of connections and the fields of its form."""

    kind: str = Field(description="`GET /v1/labels` has its name: connection_kind.<kind>")
    platform: str | None = Field(description="platform of its events; null if the events or the options name it")
    polled: bool = Field(description="true: the server asks the platform; there is no webhook_url")
    keeps_previous_secret: bool = Field(
        description="true: after a change of `secret`, the old one is accepted until it is removed"
    )
    fields: list[FormField]


class EventFields(ResponseModel):
    """An event that the rules of a mapping can make."""

    type: str
    fields: list[str] = Field(description="of its data")
    required: list[str] = Field(description="those that every rule has to name")


class ConnectionKinds(ResponseModel):
    """The kinds of connections, and the events that a mapping can make."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "kinds": [
                    {
                        "kind": "weibo_counts", "platform": "weibo", "polled": True, "keeps_previous_secret": False,
                        "fields": [
                            {
                                "name": "access_token", "place": "secrets", "type": "secret", "required": True, "choices": None,
                                "default_value": None, "pattern": None,
                            }
                        ],
                    }
                ],
                "event_types": [{"type": "live.like.sent", "fields": ["viewer", "count"], "required": []}],
            }
        }
    )  # fmt: skip

    kinds: list[ConnectionKind]
    event_types: list[EventFields]


@cache
def kinds() -> ConnectionKinds:
    """Return the kinds in the order of the registry."""
    return ConnectionKinds(
        kinds=[_kind(name, adapter) for name, adapter in ADAPTERS.items()],
        event_types=[_event(name, payload) for name, payload in PAYLOADS.items()],
    )


def _event(name: str, payload: type[BaseModel]) -> EventFields:
    required = [field for field, found in payload.model_fields.items() if found.is_required()]
    return EventFields(type=name, fields=list(payload.model_fields), required=required)


def _kind(name: str, adapter: Adapter) -> ConnectionKind:
    secrets = [
        FormField(
            name=one.name,
            place="secrets",
            type="secret",
            required=one.required,
            choices=None,
            default_value=None,
            pattern=one.pattern,
        )
        for one in adapter.SECRETS
    ]
    schema = adapter.OPTIONS.model_json_schema()
    required = set(schema.get("required", ()))
    options = [_option(option, found, required=option in required) for option, found in schema["properties"].items()]
    return ConnectionKind(
        kind=name,
        platform=adapter.PLATFORM,
        polled=name in POLLED,
        keeps_previous_secret=any(one.name == "previous_secret" for one in adapter.SECRETS),
        fields=secrets + options,
    )


def _option(name: str, schema: dict[str, Any], *, required: bool) -> FormField:
    # What may be null is absent then.
    found = next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), schema)
    kind: FieldType = "text"
    if "enum" in found:
        kind = "choice"
    elif found.get("type") in {"boolean", "object", "array"}:
        kind = {"boolean": "boolean", "object": "map", "array": "rules"}[found["type"]]  # type: ignore[assignment]
    return FormField(
        name=name, place="options", type=kind, required=required, choices=found.get("enum"), default_value=schema.get("default"),
        pattern=None,
    )  # fmt: skip
