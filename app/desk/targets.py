"""Targets of a session: what its KPIs should reach.

In: slugs with values, as an operator writes them. Out: the same values in the form in which KPIs print them. Never here: figures.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.catalogue.models import Text, decimal_string, digits_of
from app.events.fields import MAX_COUNT, Money
from app.events.money import TooPrecise, minor_units
from app.kpis.evaluation.metrics import BY_SLUG, Unit
from app.problems import invalid

_MONEY: TypeAdapter[str] = TypeAdapter(Money)
_WHOLE = frozenset({Unit.PEOPLE, Unit.COUNT})
_DIGITS = 6
"""Decimals of a number, as in the KPI document."""


def _number_or_text(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise PydanticCustomError("target", "must be a number, or a decimal string for money")
    return value


Target = Annotated[Any, BeforeValidator(_number_or_text), WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}]})]
Targets = Annotated[
    dict[Text, Target],
    Field(
        max_length=len(BY_SLUG),
        description="KPI slug → value: a decimal string for money, else a number",
        examples=[{"gmv": "500000.00"}],
    ),
]

PlannedMinutes = Annotated[int, Field(ge=1, le=1440, strict=True, description="how long the show shall last, in minutes")]


def checked(targets: Mapping[str, Any], currency: str) -> dict[str, int | float | str]:
    """Return targets as they are stored.

    Raises:
        ProblemError: 422 naming the first that is no KPI or no value of its unit.
    """
    return {slug: _checked(slug, value, currency) for slug, value in sorted(targets.items())}


def _checked(slug: str, value: Any, currency: str) -> int | float | str:
    pointer = f"/targets/{slug.replace('~', '~0').replace('/', '~1')}"
    metric = BY_SLUG.get(slug)
    if metric is None:
        raise invalid(pointer, "is no KPI", "kpi_unknown")
    if metric.unit is Unit.MONEY:
        try:
            amount = _MONEY.validate_python(value, strict=True)
            return decimal_string(minor_units(amount, digits_of(currency)), currency) or ""
        except ValidationError:
            raise invalid(pointer, 'must be a non-negative decimal string such as "500000.00"', "decimal_string") from None
        except TooPrecise as error:
            raise invalid(pointer, str(error)) from None
    if isinstance(value, str) or not 0 <= value <= MAX_COUNT:
        raise invalid(pointer, "must be a number from 0 to 10^12", "target")
    if metric.unit in _WHOLE:
        if value != int(value):
            raise invalid(pointer, "must be a whole number", "int_type")
        return int(value)
    number: int | float = round(value, _DIGITS)
    return number
