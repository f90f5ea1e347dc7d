"""The result of a rule: a code, figures, the API paths that return them, and a text.

In: values. Out: findings, which the registry ranks. Never here: thresholds, I/O.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Literal, get_args
from urllib.parse import urlencode
from uuid import UUID

from app.insights.message_format import MessageFormatter

Code = Literal[
    "audience_over_time", "core_fans_early", "on_air_winners", "clicked_not_bought", "stock_out_missed_demand",
    "spend_against_history", "slow_support", "promotion_effect", "platform_contrast", "long_shipping", "comment_topics",
    "figures_contradict", "host_sales", "mark_coincidence", "after_live_sales", "viewers_lost", "funnel_narrows", "source_pays",
    "target_pace",
]  # fmt: skip
CODES: tuple[Code, ...] = get_args(Code)
Section = Literal["live", "ec", "promotion"]
"""The part of the results sheet that a finding belongs to."""

# The weight of a finding is the size of its effect, 0 to 1, times one of these factors.
MONEY = Fraction(1)
"""Missed sales: the effect is a share of the session's GMV."""
ACTION = Fraction(1, 2)
"""Something to do better, or again, next time; its value is not known."""
PICTURE = Fraction(1, 20)
"""A description without an action; it ranks below actions unless their effect is very small."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of a rule."""

    code: Code
    section: Section
    wording: str
    """The key of its text in the label catalogue, without `insight.`."""
    words: Callable[[MessageFormatter], Mapping[str, str]]
    """The values of the text's placeholders, by language."""
    figures: Mapping[str, Any]
    """Values of the JSON document: money as decimal strings, moments as RFC 3339."""
    evidence: Sequence[str]
    """Paths of the API that return these figures."""
    weight: Fraction
    subject: str = ""
    """Distinguishes two findings with the same text: a product, a metric."""


def path_of(session: UUID, part: str, **query: str | datetime) -> str:
    """Return a path of the API below a session; `from_` becomes `from`."""
    asked = {name.rstrip("_"): _text(value) for name, value in query.items()}
    return f"/v1/sessions/{session}/{part}" + (f"?{urlencode(asked, safe=',:')}" if asked else "")


def _text(value: str | datetime) -> str:
    # Z instead of an offset: a plus sign must be escaped in a query.
    return value if isinstance(value, str) else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def capped(numerator: int, denominator: int) -> Fraction:
    """Return a quotient as an effect between 0 and 1; 0 if the denominator is 0."""
    return max(Fraction(0), min(Fraction(1), Fraction(numerator, denominator))) if denominator > 0 else Fraction(0)
