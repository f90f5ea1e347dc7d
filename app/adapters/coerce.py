"""Converts loose values to the types of a payload's fields.

In: values as a foreign system or a spreadsheet writes them, and their payload model. Out: JSON values in the types of the
model. Never here: validation (the envelope does that), rounding: a value that does not convert exactly stays unchanged and is
rejected later.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel

from app.adapters.parsing import duration, identifier, integer


def _leaf(annotation: Any) -> Any:
    """Return what is inside `X | None` and `Annotated[X, …]`."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
            continue
        inside = [part for part in get_args(annotation) if part is not NoneType]
        if NoneType in get_args(annotation) and len(inside) == 1:
            annotation = inside[0]
            continue
        return annotation


def _text(value: object) -> object:
    if isinstance(value, float):
        # The shortest text of a float is the literal it was read from, up to 15 digits: no arithmetic happens here.
        return format(Decimal(repr(value)), "f")
    return identifier(value) or value


def _fit(annotation: object, value: object) -> object:  # noqa: PLR0911 (one per type)
    leaf = _leaf(annotation)
    if value is None:
        return None
    if leaf is str:
        return _text(value)
    if leaf is int:
        number = integer(value)
        return value if number is None else number
    if leaf is float:
        seconds = duration(value)
        return value if seconds is None else seconds
    if leaf is bool:
        return {"true": True, "1": True, "false": False, "0": False}.get(str(value).strip().lower(), value)
    if get_origin(leaf) is list and isinstance(value, list):
        model = _leaf(get_args(leaf)[0])
        if isinstance(model, type) and issubclass(model, BaseModel):
            return [coerce(model, item) if isinstance(item, dict) else item for item in value]
    return value


def coerce(model: type[BaseModel], values: Mapping[str, object]) -> dict[str, object]:
    """Return the values that the model has fields for, in its fields' types; None is left out.

    Ids sent as numbers become texts with all their digits, counts sent as texts become integers, amounts become decimal strings.
    """
    fitted = {name: _fit(field.annotation, values.get(name)) for name, field in model.model_fields.items()}
    return {name: value for name, value in fitted.items() if value is not None}
