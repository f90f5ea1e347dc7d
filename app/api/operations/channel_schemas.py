"""Schemas of channels by kind, for the OpenAPI document.

In: the kinds, the component schemas of FastAPI. Out: component schemas with typed secrets and options. Never here: validation;
the models of a kind check what is sent.
"""

from copy import deepcopy
from typing import Any

from app.api.operations.connection_schemas import REFERENCE
from app.channels.kinds.registry import KINDS


def type_channels(schemas: dict[str, Any]) -> None:
    """Replace the free-form secrets and options by a schema per kind."""
    generic = schemas["NewChannel"]
    models: dict[str, str] = {}
    for name, kind in KINDS.items():
        for model in (kind.SECRETS, kind.OPTIONS):
            schemas[_named(model)] = model.model_json_schema(ref_template=REFERENCE) | {"title": _named(model)}
        models[name] = f"New{name.title()}Channel"
        schemas[models[name]] = {
            "type": "object",
            "title": models[name],
            "description": f"A channel of kind `{name}` to create.",
            "properties": deepcopy(generic["properties"])
            | {
                "kind": {"type": "string", "const": name},
                "secrets": {"$ref": REFERENCE.format(model=_named(kind.SECRETS))},
                "options": {"$ref": REFERENCE.format(model=_named(kind.OPTIONS))},
            },
            "additionalProperties": False,
            "required": ["name", "kind", "secrets", "events"],
        }
    schemas["NewChannel"] = {
        "title": "NewChannel",
        "description": generic["description"],
        "oneOf": [{"$ref": REFERENCE.format(model=model)} for model in models.values()],
        "discriminator": {
            "propertyName": "kind",
            "mapping": {name: REFERENCE.format(model=model) for name, model in models.items()},
        },
        "example": generic["example"],
    }
    options = sorted({_named(kind.OPTIONS) for kind in KINDS.values()})
    for name in ("ChannelPatch", "Channel"):
        properties = schemas[name]["properties"]
        description = properties["options"].get("description", "")
        anyone = [{"$ref": REFERENCE.format(model=model)} for model in options]
        properties["options"] = {"title": "Options", "description": description, "anyOf": anyone}


def _named(model: type[Any]) -> str:
    return model.__name__ if model.__name__.endswith("Secrets") else f"Channel{model.__name__}"
