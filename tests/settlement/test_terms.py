"""Terms of contracts: chains of shares, the subsidy, registration numbers, durations."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from app.settlement.contracts.plans import PLANS, last_day
from app.settlement.contracts.terms import Share, Subsidy, Tax, Terms, check_digit


@pytest.mark.parametrize(("eligible", "amount"), [("4380000", 2920000), ("4350000", 2900000), ("4350001", 2900000)])
def test_the_subsidy_is_rounded_down_to_the_yen(eligible: str, amount: int) -> None:
    """The two amounts of the manual and one that does not divide."""
    assert amount == Subsidy(eligible=eligible, rate="2/3").minor_amount()


@given(st.integers(0, 10**12), st.integers(1, 99), st.integers(1, 99))
def test_the_subsidy_is_exact_for_any_fraction(eligible: int, part: int, whole: int) -> None:
    """The amount is the largest whole yen that does not exceed eligible × rate."""
    if part > whole:
        part, whole = whole, part
    amount = Subsidy(eligible=str(eligible), rate=f"{part}/{whole}").minor_amount()
    assert amount <= Fraction(eligible * part, whole) < amount + 1


def test_registration_numbers_have_a_check_digit() -> None:
    """The number of the National Tax Agency, 7000012050002, is correct; no other first digit is."""
    assert 7 == check_digit("000012050002")
    for digit in range(10):
        number = f"T{digit}000012050002"
        if digit == 7:
            assert number == Tax(registration_number=number).registration_number
        else:
            with pytest.raises(ValidationError, match="check digit"):
                Tax(registration_number=number)
    for wrong in ("7000012050002", "T700001205000", "T７000012050002", "t7000012050002"):
        with pytest.raises(ValidationError):
            Tax(registration_number=wrong)


def terms(*shares: tuple[str, str, str]) -> Terms:
    """Return terms with these shares: (to, rate, of)."""
    return Terms(shares=[Share(to=to, rate=rate, of=of) for to, rate, of in shares])


def test_a_chain_names_earlier_parties_once_and_gives_away_no_more_than_the_whole() -> None:
    """Each contradiction is named by its field."""
    assert [] == terms(("agency", "0.30", "net_gmv"), ("kol:kobayashi", "0.10", "agency")).errors()
    assert [] == terms(("agency", "0.5", "net_gmv"), ("partner", "0.5", "net_gmv")).errors()
    for wrong, pointer in [
        (terms(("kol", "0.1", "agency"), ("agency", "0.3", "net_gmv")), "/shares/0/of"),
        (terms(("agency", "0.3", "net_gmv"), ("agency", "0.1", "net_gmv")), "/shares/1/to"),
        (terms(("agency", "0.3", "net_gmv"), ("kol", "0.1", "kol")), "/shares/1/of"),
        (terms(("agency", "0.6", "net_gmv"), ("partner", "0.400001", "net_gmv")), "/shares/1/rate"),
    ]:
        assert [pointer] == [found for found, _ in wrong.errors()]


@pytest.mark.parametrize("rate", ["1.1", "-0.1", "0.1234567", "30%", "3/2", "1/0", "0,3", "NaN", "1e-1", "０.3"])
def test_a_rate_is_a_decimal_or_a_fraction_up_to_one(rate: str) -> None:
    """Anything else is refused."""
    with pytest.raises(ValidationError):
        Share(to="agency", rate=rate)


def test_every_preset_is_consistent_and_its_subsidy_is_computed() -> None:
    """The presets hold the manual's numbers."""
    assert ["subsidy", "normal", "spot"] == [plan.plan for plan in PLANS]
    for plan in PLANS:
        assert [] == plan.terms.errors()
        computed = None if plan.terms.subsidy is None else str(plan.terms.subsidy.minor_amount())
        assert plan.subsidy_amount == computed
    assert ["0.30", "0.30", "0.50"] == [plan.terms.shares[0].rate for plan in PLANS]


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(1, 36))
def test_a_contract_of_so_many_months_ends_before_its_day_comes_again(starts_on: date, months: int) -> None:
    """The day after the last day is the corresponding day, or the first of a month that follows one without such a day."""
    following = last_day(starts_on, months) + timedelta(days=1)
    assert following.day in {starts_on.day, 1}
    passed = (following.year - starts_on.year) * 12 + following.month - starts_on.month
    assert months + (following.day != starts_on.day) == passed
