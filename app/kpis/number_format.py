"""Number formats of the results sheet: 5.20%, 10.57分, 2536.25, 2.4H.

In: exact figures. Out: text. Never here: rounding of rounded values.

Source of the formats: the agency's sheet of 2021-09-25.
"""

from datetime import date, datetime

from app.kpis.evaluate import Figure
from app.kpis.metrics import Unit
from app.kpis.rounding import digits_of, fixed, half_up, money
from app.labels.catalogue import CATALOGUE, Language, label

NOTHING = "—"
"""The text of an absent figure."""

_NOON = 12


def format_figure(slug: str, figure: Figure, unit: Unit, digits: int, language: Language) -> str:  # noqa: PLR0911 - one per unit
    """Return a figure in the format of the sheet; `—` if it is absent."""
    numerator, denominator, _ = figure
    if denominator == 0:
        return NOTHING
    if unit is Unit.MONEY:
        return _whole(money(numerator, denominator, digits))
    if unit is Unit.RATIO:
        return fixed(half_up(numerator * 10_000, denominator), 2) + "%"
    if unit is Unit.HOURS:
        return fixed(half_up(numerator * 10, denominator), 1) + label("unit.hours", language)
    if slug == "average_watch_seconds":
        return fixed(half_up(numerator * 100, denominator * 60), 2) + label("unit.minutes", language)
    if unit is Unit.SECONDS:
        return fixed(half_up(numerator * 10, denominator), 1) + label("unit.seconds", language)
    if slug == "units_per_buyer":
        return fixed(half_up(numerator * 100, denominator), 2)
    return str(half_up(numerator, denominator))


def _whole(amount: str) -> str:
    """Return an amount without its decimals if they are zero: 67967, 55977.23."""
    whole, _, fraction = amount.partition(".")
    return amount if fraction.strip("0") else whole


def format_count(value: int) -> str:
    """Return a count in the format of running text: 18,052."""
    return f"{value:,}"


def format_share(numerator: int, denominator: int) -> str:
    """Return a share in the format of running text, with a decimal unless it is zero: 92%, 4.2%."""
    return _whole(fixed(half_up(numerator * 1000, denominator), 1)) + "%"


def format_amount(numerator: int, denominator: int, currency: str, language: Language, *, digits: int | None = None) -> str:
    """Return an amount with its currency in the format of running text: 2,536.25元, CNY 2,536.25.

    Args:
        numerator: minor units.
        denominator: the divisor.
        currency: ISO 4217.
        language: of the currency's name.
        digits: decimals to round to; by default the currency's.
    """
    precise = digits_of(currency)
    wanted = precise if digits is None else min(digits, precise)
    amount = _whole(fixed(half_up(numerator, denominator * 10 ** (precise - wanted)), wanted))
    whole, point, fraction = amount.partition(".")
    text = f"{int(whole):,}{point}{fraction}"
    key = f"money.{currency}"
    return CATALOGUE[key][language].format(amount=text) if key in CATALOGUE else f"{currency} {text}"


def format_duration(duration_us: int | None) -> str:
    """Return a time on air in hours: 2.4H."""
    return NOTHING if duration_us is None else fixed(half_up(duration_us * 10, 3_600_000_000), 1) + "H"


def format_date(day: date) -> str:
    """Return a day: 2021/9/25."""
    return f"{day.year}/{day.month}/{day.day}"


def format_time(moment: datetime, language: Language) -> str:
    """Return a time of day: PM2時, 下午2点, 2 PM."""
    afternoon = moment.hour >= _NOON
    if language == "en":
        hour = moment.hour % _NOON or _NOON
        minutes = f":{moment.minute:02d}" if moment.minute else ""
        return f"{hour}{minutes} {'PM' if afternoon else 'AM'}"
    half, hour_word = (("PM" if afternoon else "AM"), "時") if language == "ja" else (("下午" if afternoon else "上午"), "点")
    minutes = f"{moment.minute}分" if moment.minute else ""
    # Both languages count 0 to 11 in each half of the day, but a Chinese noon is 12.
    hour = moment.hour % _NOON
    return f"{half}{hour or (_NOON if language == 'zh' and afternoon else 0)}{hour_word}{minutes}"
