"""Schemas of connections by kind, for the OpenAPI document.

In: the adapters, the component schemas of FastAPI. Out: component schemas with typed secrets and options. Never here: validation;
the adapter of a kind checks what is sent.
"""

from copy import deepcopy
from typing import Any

from app.adapters.protocol import Adapter
from app.adapters.registry import ADAPTERS

REFERENCE = "#/components/schemas/{model}"
_OPTIONS = "CommonOptions"
"""Options of the kinds that have none of their own."""


def type_connections(schemas: dict[str, Any]) -> None:
    """Replace the free-form secrets and options by a schema per kind."""
    generic = schemas["NewConnection"]
    models: dict[str, str] = {}
    for kind, adapter in ADAPTERS.items():
        prefix = "".join(part.title() for part in kind.split("_"))
        name = f"New{prefix}Connection"
        models[kind] = name
        schemas[name] = _new_connection(generic, kind, name, _secrets(adapter), _options(adapter, prefix, schemas))
    schemas["NewConnection"] = {
        "title": "NewConnection",
        "description": generic["description"],
        "oneOf": [_reference(name) for name in models.values()],
        "discriminator": {
            "propertyName": "kind",
            "mapping": {kind: REFERENCE.format(model=name) for kind, name in models.items()},
        },
        "example": generic["example"],
    }
    names = sorted(name for name in schemas if name.endswith("Options") and name != _OPTIONS)
    any_options = [_reference(name) for name in [*names, _OPTIONS]]
    for name in ("ConnectionPatch", "Connection"):
        properties = schemas[name]["properties"]
        description = properties["options"].get("description", "")
        properties["options"] = {"title": "Options", "description": description, "anyOf": any_options}
    preview = schemas["PreviewRequest"]["properties"]
    preview["options"] = {
        "title": "Options",
        "description": preview["options"].get("description", ""),
        "anyOf": [_reference("MappingOptions"), {"type": "null"}],
    }


def _reference(name: str) -> dict[str, str]:
    return {"$ref": REFERENCE.format(model=name)}


def _secrets(adapter: Adapter) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for secret in adapter.SECRETS:
        properties[secret.name] = {"type": "string", "maxLength": 4096}
        if secret.pattern:
            properties[secret.name] |= {"pattern": f"^{secret.pattern}$", "description": secret.says}
    required = [secret.name for secret in adapter.SECRETS if secret.required]
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return schema | {"description": "encrypted at rest, never returned"} | ({"required": required} if required else {})


def _options(adapter: Adapter, prefix: str, schemas: dict[str, Any]) -> dict[str, Any]:
    """Add the schema of a kind's options and return it."""
    schema = adapter.OPTIONS.model_json_schema(ref_template=REFERENCE)
    schemas.update(schema.pop("$defs", {}))
    own = set(schema["properties"]) - {"session", "api_base"}
    name = f"{prefix}Options" if own else _OPTIONS
    schemas[name] = titled = {**schema, "title": name}
    return titled


def _new_connection(
    generic: dict[str, Any], kind: str, name: str, secrets: dict[str, Any], options: dict[str, Any]
) -> dict[str, Any]:
    properties = deepcopy(generic["properties"]) | {
        "kind": {"type": "string", "const": kind},
        "secrets": secrets,
        "options": _reference(options["title"]),
    }
    required = ["kind", "name"]
    required += [member for member, schema in (("secrets", secrets), ("options", options)) if schema.get("required")]
    return {
        "type": "object",
        "title": name,
        "description": f"A connection of kind `{kind}` to create.",
        "properties": properties,
        "additionalProperties": False,
        "required": required,
    }
