"""Rounding and printing."""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext

import pytest
from hypothesis import given, strategies as st

from app.kpis.evaluation.metrics import Unit
from app.kpis.evaluation.number_format import format_duration, format_figure, format_time, format_value
from app.kpis.evaluation.rounding import digits_of, fixed, half_up, money, number
from app.labels.catalogue import LANGUAGES, Language
from app.labels.notation import grouped, money_text

numerators = st.integers(min_value=-(10**15), max_value=10**15)
denominators = st.integers(min_value=1, max_value=10**13)


def exactly(numerator: int, denominator: int, digits: int) -> Decimal:
    """Return the quotient rounded half up by the decimal library."""
    with localcontext() as context:
        context.prec = 80
        return (Decimal(numerator) / Decimal(denominator)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


@given(numerators, denominators)
def test_rounding_agrees_with_the_decimal_library(numerator: int, denominator: int) -> None:
    """Half up, away from zero."""
    assert exactly(numerator, denominator, 0) == half_up(numerator, denominator)


@given(numerators, denominators, st.sampled_from((0, 2, 3)))
def test_money_is_exact_to_its_currencys_digits(numerator: int, denominator: int, digits: int) -> None:
    """Minor units in, a decimal string out."""
    shown = money(numerator, denominator, digits)
    assert exactly(numerator, denominator, 0).scaleb(-digits) == Decimal(shown)
    assert digits == len(shown.partition(".")[2])


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_a_number_prints_as_its_six_decimals(numerator: int, denominator: int) -> None:
    """The float's shortest text is the rounded decimal."""
    assert exactly(numerator, denominator, 6) == Decimal(repr(number(numerator, denominator)))


@pytest.mark.parametrize(("currency", "digits"), [("CNY", 2), ("JPY", 0), ("KWD", 3)])
def test_currencies_have_their_digits(currency: str, digits: int) -> None:
    """As ISO 4217 says."""
    assert digits == digits_of(currency)
    assert "1" + ("." + "0" * digits if digits else "") == fixed(10**digits, digits)


@pytest.mark.parametrize(
    ("slug", "figure", "unit", "text"),
    [
        ("follow_rate", (76, 18052), Unit.RATIO, "0.42%"),
        ("engagement_rate", (938, 18052), Unit.RATIO, "5.20%"),
        ("conversion_rate", (52499, 10_000_000), Unit.RATIO, "0.52%"),
        ("average_watch_seconds", (634200, 1000), Unit.SECONDS, "10.57分"),
        ("average_response_seconds", (12340, 1000), Unit.SECONDS, "12.3秒"),
        ("average_response_seconds", (193_000, 1000), Unit.SECONDS, "3.22分"),
        ("average_watch_seconds", (45, 1), Unit.SECONDS, "0.75分"),
        ("click_rate", (236_251_800, 100_000), Unit.RATIO, "236,251.80%"),
        ("average_ship_hours", (53, 2), Unit.HOURS, "26.5時間"),
        ("units_per_buyer", (363, 190), Unit.PIECES, "1.91"),
        ("gmv", (48188800, 1), Unit.MONEY, "481,888元"),
        ("gmv", (5597723, 1), Unit.MONEY, "55,977.23元"),
        ("gmv", (5597720, 1), Unit.MONEY, "55,977.20元"),
        ("gmv", (0, 0), Unit.MONEY, "—"),
        ("average_concurrent_viewers", (13255, 10), Unit.PEOPLE, "1,326"),
    ],
)
def test_figures_print_as_on_the_sheet(slug: str, figure: tuple[int, int], unit: Unit, text: str) -> None:
    """From the exact figure: 0.52499 % is 0.52 %, though its six decimals would round to 0.53 %."""
    assert text == format_figure(slug, (*figure, "counted"), unit, "CNY", "ja")


@pytest.mark.parametrize(
    ("clock", "ja", "zh", "en"),
    [
        ("14:00", "PM2時", "下午2点", "2 PM"),
        ("00:05", "AM0時5分", "上午0点5分", "12:05 AM"),
        ("12:30", "PM0時30分", "下午12点30分", "12:30 PM"),
    ],
)
def test_times_print_in_each_language(clock: str, ja: str, zh: str, en: str) -> None:
    """Half days, as the sheet does."""
    moment = datetime.fromisoformat(f"2021-09-25T{clock}+09:00")
    assert [ja, zh, en] == [format_time(moment, "ja"), format_time(moment, "zh"), format_time(moment, "en")]


def test_a_time_on_air_prints_in_hours() -> None:
    """2.4H."""
    assert "2.4H" == format_duration(8640 * 1_000_000)
    assert "—" == format_duration(None)


@pytest.mark.parametrize(
    ("currency", "amount", "ja", "zh", "en"),
    [
        ("CNY", "481888.00", "481,888元", "¥481,888", "CN¥481,888"),
        ("CNY", "302438.02", "302,438.02元", "¥302,438.02", "CN¥302,438.02"),
        ("CNY", "-1234.50", "-1,234.50元", "-¥1,234.50", "-CN¥1,234.50"),
        ("JPY", "1000", "1,000円", "JP¥1,000", "JP¥1,000"),
        ("KWD", "0.125", "KWD 0.125", "KWD 0.125", "KWD 0.125"),
    ],
)
def test_money_has_one_notation_per_language(currency: str, amount: str, ja: str, zh: str, en: str) -> None:
    """Grouped, without decimals if whole, the sign in front."""
    assert (ja, zh, en) == tuple(money_text(amount, currency, language) for language in ("ja", "zh", "en"))


@given(st.integers(-(10**15), 10**15), st.integers(0, 3))
def test_grouping_changes_no_digit(scaled: int, digits: int) -> None:
    """Separators are all that is added, one for every three digits."""
    text = fixed(scaled, digits)
    assert text == grouped(text).replace(",", "")
    groups = grouped(text).partition(".")[0].removeprefix("-").split(",")
    assert {3} >= {len(group) for group in groups[1:]}
    assert 1 <= len(groups[0]) <= 3


@given(st.integers(0, 10**12), st.sampled_from(LANGUAGES))
def test_a_value_of_a_document_is_formatted_as_its_figure(minor: int, language: Language) -> None:
    """A decimal string of the API and the exact amount give the same text."""
    amount = money(minor, 1, 2)
    assert format_figure("gmv", (minor, 1, ""), Unit.MONEY, "CNY", language) == format_value(
        "gmv", amount, Unit.MONEY, "CNY", language
    )
