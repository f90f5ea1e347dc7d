"""The rules of a mapping connection: JMESPath expressions from a JSON body to event fields.

In: rules as the operator wrote them; a parsed body. Out: checked rules; events. Never here: HTTP, signatures (`mapping`).

A rule makes one event per delivery, or one per item of `each`. Without `each` its expressions see the body; with it they see
`{"item": …, "body": …}`. Numbers and texts are fitted to the event's fields, so `total_price` may be either.
"""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from app.adapters.coerce import coerce
from app.adapters.event_collector import EventCollector
from app.adapters.mappings.expressions import Budget, EvaluationFailed, compiles, search
from app.adapters.parsing import any_timestamp, identifier
from app.adapters.protocol import Context, Verified
from app.adapters.signatures import key_of
from app.events import envelope  # noqa: F401 (registers the payloads)
from app.events.registry import PAYLOADS

_MAX_EVENTS = 1000
_MONEY = ("live.order.", "live.funds.")


def _compiles(expression: str) -> str:
    if not compiles(expression):
        raise PydanticCustomError("jmespath", "is not a JMESPath expression")
    return expression


Expression = Annotated[str, StringConstraints(min_length=1, max_length=1000), AfterValidator(_compiles)]


class MappingRule(BaseModel):
    """How one type of event is made."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)

    type: str
    topics: Annotated[list[str], Field(max_length=50)] = []
    """The deliveries it is for, by the sender's topic header; all, if empty."""
    when: Expression | None = None
    each: Expression | None = None
    id: Expression | None = None
    time: Expression | None = None
    subject: Expression | None = None
    """A session's id, or platform:room."""
    room: Expression | None = None
    """A room of `options.platform`."""
    data: dict[str, Expression] = {}

    @model_validator(mode="after")
    def _knows_its_event(self) -> "MappingRule":
        payload = PAYLOADS.get(self.type)
        if payload is None:
            raise PydanticCustomError("event_type", "type: is no event type of ours")
        for name in self.data:
            if name not in payload.model_fields:
                raise PydanticCustomError("event_field", "data: {type} has no field {name}", {"type": self.type, "name": name})
        for name, field in payload.model_fields.items():
            if field.is_required() and name not in self.data:
                raise PydanticCustomError("event_field", "data: {type} needs {name}", {"type": self.type, "name": name})
        return self


class Rules(NamedTuple):
    """The rules of a connection."""

    rules: Sequence[MappingRule]
    money: bool
    """Whether its deliveries may bring money."""


class Unmapped(ValueError):
    """A value of a body does not fit a rule."""


def apply(rules: Rules, body: object, topic: str | None, verified: Verified, context: Context, collector: EventCollector) -> None:
    """Add the events that the rules make of a body. If no rule fits, it is ignored; if a rule fails, it is a dead letter."""
    fitting = made = 0
    budget = Budget()
    for index, rule in enumerate(rules.rules):
        if rule.topics and topic not in rule.topics:
            continue
        try:
            if rule.when is not None and not search(rule.when, body, budget):
                continue
            fitting += 1
            _require_proof(rule, money=rules.money)
            for number, root in enumerate(_roots(rule, body, budget)):
                made += 1
                _event(rule, f"{index}-{number}", root, body, verified, context, collector, budget)
        except (Unmapped, EvaluationFailed) as error:
            made += 1
            collector.unknown(f"rule {index}: {error}", body)
    if not fitting:
        collector.ignore(f"no rule fits {topic}"[:100] if topic else "no rule fits")
    elif not made:
        collector.ignore("each finds no item")


def _require_proof(rule: MappingRule, *, money: bool) -> None:
    if not money and rule.type.startswith(_MONEY):
        raise Unmapped(f"{rule.type}: no signature covers the delivery; options.count_unsigned_money accepts it")


def _roots(rule: MappingRule, body: object, budget: Budget) -> list[object]:
    if rule.each is None:
        return [body]
    items = search(rule.each, body, budget)
    if items is None:
        return []
    if not isinstance(items, list) or len(items) > _MAX_EVENTS:
        raise Unmapped(f"each: is not a list of at most {_MAX_EVENTS}")
    return [{"item": item, "body": body} for item in items]


def _event(
    rule: MappingRule,
    place: str,
    root: object,
    body: object,
    verified: Verified,
    context: Context,
    collector: EventCollector,
    budget: Budget,
) -> None:
    found = {name: search(expression, root, budget) for name, expression in rule.data.items()}
    time = search(rule.time, root, budget) if rule.time else None
    timestamp = any_timestamp(time) if time is not None else verified.received_at
    if timestamp is None:
        raise Unmapped("time: is no RFC 3339 time with an offset and no Unix time")
    named = identifier(search(rule.id, root, budget)) if rule.id else None
    subject = identifier(search(rule.subject, root, budget)) if rule.subject else None
    room = identifier(search(rule.room, root, budget)) if rule.room else None
    if subject is None and room is not None and context.text("platform"):
        subject = f"{context.text('platform')}:{room}"
    collector.event(
        rule.type,
        # Two rules may read one id: the type keeps their events apart.
        id=f"{rule.type}/{named}" if named and len(named) < 200 else key_of(verified.key, place),
        subject=subject or context.session,
        time=timestamp,
        data=coerce(PAYLOADS[rule.type], found),
        raw=body,
    )
