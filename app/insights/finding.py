"""What a rule finds: a code, the figures it rests on, where they can be called up, and words for them.

In: nothing, these are values. Out: to the registry, which ranks and words them. Never here: thresholds, I/O.
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
    "figures_contradict",
]  # fmt: skip
CODES: tuple[Code, ...] = get_args(Code)
Section = Literal["live", "ec", "promotion"]
"""The part of the results sheet that a finding belongs to."""

# A finding's weight is the size of its effect, 0 to 1, times one of these.
MONEY = Fraction(1)
"""Sales that were missed, as a share of the session's GMV."""
ACTION = Fraction(1, 2)
"""What can be done better, or again, the next time: its worth is not known to the cent."""
PICTURE = Fraction(1, 20)
"""What describes the session and asks for nothing: below what does, unless that is tiny."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of a rule."""

    code: Code
    section: Section
    wording: str
    """Key of its sentence in the label catalogue, after `insight.`."""
    words: Callable[[MessageFormatter], Mapping[str, str]]
    """What stands in the sentence's places, in a language."""
    figures: Mapping[str, Any]
    """As JSON prints them: money as decimal strings, moments as RFC 3339."""
    evidence: Sequence[str]
    """Paths of the API that answer with these figures."""
    weight: Fraction
    subject: str = ""
    """What tells two findings of one wording apart: a product, a metric."""


def path_of(session: UUID, part: str, **query: str | datetime) -> str:
    """Return a path of the API below a session; `from_` stands for `from`."""
    asked = {name.rstrip("_"): _text(value) for name, value in query.items()}
    return f"/v1/sessions/{session}/{part}" + (f"?{urlencode(asked, safe=',:')}" if asked else "")


def _text(value: str | datetime) -> str:
    # A Z instead of an offset: a plus sign would need escaping in a query.
    return value if isinstance(value, str) else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def capped(numerator: int, denominator: int) -> Fraction:
    """Return a quotient as an effect between 0 and 1; 0 where there is nothing to divide by."""
    return max(Fraction(0), min(Fraction(1), Fraction(numerator, denominator))) if denominator > 0 else Fraction(0)
