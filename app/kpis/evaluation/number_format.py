"""Formats figures as the results sheet, the dashboard and running text show them: 18,052, 5.20%, 10.57分, 481,888元, 2.4H.

In: exact figures. Out: text. Never here: a second rounding of a rounded value.

The units are those of the agency's sheet of 2021-09-25; the notation of numbers and money is that of `app.labels.notation`.
"""

from datetime import date, datetime
from fractions import Fraction

from app.kpis.evaluation.evaluate import Figure
from app.kpis.evaluation.metrics import Unit
from app.kpis.evaluation.rounding import digits_of, fixed, half_up, money
from app.labels.catalogue import Language, label
from app.labels.notation import NOTHING, grouped, money_text, shortened

RETURNS = frozenset({"roi", "net_roi"})
"""Ratios that people say as a number of times, not in per cent."""
_NOON = 12


def format_figure(slug: str, figure: Figure, unit: Unit, currency: str, language: Language) -> str:
    """Return a figure as the sheet, the dashboard and running text show it; `—` if it is absent.

    `app/dashboard/web/js/page/i18n.js` formats the values of the API by the same rules.

    Args:
        slug: the KPI, or the column of a table.
        figure: numerator, denominator, basis; an amount of money in minor units.
        unit: what the figure is counted in.
        currency: ISO 4217, for amounts.
        language: of units and of the notation of money.
    """
    numerator, denominator, _ = figure
    if denominator == 0:
        return NOTHING
    if unit is Unit.MONEY:
        return money_text(money(numerator, denominator, digits_of(currency)), currency, language)
    if unit is Unit.RATIO:
        return _decimal(numerator, denominator, 2) if slug in RETURNS else _decimal(numerator * 100, denominator, 2) + "%"
    if unit is Unit.HOURS:
        return _decimal(numerator, denominator, 1) + label("unit.hours", language)
    if unit is Unit.SECONDS:
        in_minutes = slug == "average_watch_seconds" or numerator >= 60 * denominator
        return (
            format_minutes(numerator, denominator, language) if in_minutes else format_seconds(numerator, denominator, language)
        )
    return _decimal(numerator, denominator, 2 if slug == "units_per_buyer" else 0)


def format_value(slug: str, value: float | str, unit: Unit, currency: str, language: Language) -> str:
    """Return a value of a document as `format_figure` does: a number, or an amount as a decimal string."""
    exact = Fraction(str(value)) * (10 ** digits_of(currency) if unit is Unit.MONEY else 1)
    return format_figure(slug, (exact.numerator, exact.denominator, ""), unit, currency, language)


def _decimal(numerator: int, denominator: int, digits: int) -> str:
    return grouped(fixed(half_up(numerator * 10**digits, denominator), digits))


def format_minutes(numerator: int, denominator: int, language: Language) -> str:
    """Return seconds as minutes: 10.57分. The results sheet shows the average watch time so, however short it is."""
    return _decimal(numerator, denominator * 60, 2) + label("unit.minutes", language)


def format_seconds(numerator: int, denominator: int, language: Language) -> str:
    """Return less than a minute in seconds: 12.3秒."""
    return _decimal(numerator, denominator, 1) + label("unit.seconds", language)


def format_span(numerator: int, denominator: int, language: Language) -> str:
    """Return a length of time in seconds as running text has it, whole numbers without decimals: 3分, 4.10分, 12.3秒."""
    per, digits, unit = (60, 2, "minutes") if numerator >= 60 * denominator else (1, 1, "seconds")
    return shortened(_decimal(numerator, denominator * per, digits)) + label(f"unit.{unit}", language)


def format_count(value: int) -> str:
    """Return a number of things: 18,052."""
    return f"{value:,}"


def format_share(numerator: int, denominator: int) -> str:
    """Return a share as running text has it, with one decimal if it needs one: 92%, 4.2%."""
    return shortened(fixed(half_up(numerator * 1000, denominator), 1)) + "%"


def format_amount(numerator: int, denominator: int, currency: str, language: Language, *, digits: int | None = None) -> str:
    """Return an amount with its currency: 2,536.25元, ¥2,536.25, CN¥2,536.25.

    Args:
        numerator: minor units.
        denominator: the divisor.
        currency: ISO 4217.
        language: of the notation.
        digits: decimals to round to; by default the currency's.
    """
    precise = digits_of(currency)
    wanted = precise if digits is None else min(digits, precise)
    amount = fixed(half_up(numerator, denominator * 10 ** (precise - wanted)), wanted)
    return money_text(amount, currency, language)


def format_duration(duration_us: int | None) -> str:
    """Return a time on air in hours: 2.4H."""
    return NOTHING if duration_us is None else _decimal(duration_us, 3_600_000_000, 1) + "H"


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
