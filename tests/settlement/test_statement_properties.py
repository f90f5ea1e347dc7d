"""Properties of statements over random money, rates, refunds, currencies, chains and rounding rules."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from app.settlement.amounts.earlier import UsedContract
from app.settlement.amounts.statement import Basis, Statement, earlier_of, state
from app.settlement.contracts.terms import NET_GMV, Terms
from tests.properties import examples
from tests.settlement.months_of_money import Months, months, terms

pytestmark = pytest.mark.property

Account = tuple[object, ...]


def accounts(statements: list[Statement]) -> tuple[Counter[Account], Counter[Account]]:
    """Return the sums of statements by session, kind and party, without balances that are carried over; and inside the chain."""
    lines: Counter[Account] = Counter()
    chain: Counter[Account] = Counter()
    for statement in statements:
        for line in statement.lines:
            if line.kind != "carry_over":
                lines[line.session, line.stated, line.to, line.name] += line.amount
        for share in statement.chain:
            chain[share.session, share.to] += share.amount
    return lines, chain


@examples(60)
@given(months())
def test_parts_add_up_to_the_yen(found: Months) -> None:
    """Lines minus tax are what is payable, the totals are the sums of the lines, and no share exceeds its base."""
    for _, statement in found.issued():
        assert [] == statement.missing
        assert 0 == statement.unexplained
        totals = statement.totals
        assert totals.payable_to_brand == sum(line.amount for line in statement.lines) - sum(
            line.amount for line in statement.tax
        )
        taxed = 0
        for tax in statement.tax:
            assert abs(tax.amount - Fraction(tax.rate) * tax.base) < 1
            taxed += tax.base
        assert taxed == -sum(line.amount for line in statement.lines if line.tax_rate is not None and Fraction(line.tax_rate))
        for line in statement.lines:
            if line.kind == "share":
                assert line.base is not None
                assert line.rate is not None
                assert abs(Fraction(line.rate) * line.base + line.amount) < 1
                assert (line.base >= 0) == (line.amount <= 0) or line.amount == 0


@examples(60)
@given(months())
def test_corrections_bring_all_statements_to_what_one_over_everything_would_say(found: Months) -> None:
    """Every line to the yen, inside the chain too; the tax to less than a yen per statement and rate."""
    issued, whole = [statement for _, statement in found.issued()], found.at_once()
    assert accounts([whole]) == accounts(issued)
    for rate in {Fraction(line.rate) for line in whole.tax}:
        parts = [line.amount for statement in issued for line in statement.tax if Fraction(line.rate) == rate]
        at_once = sum(line.amount for line in whole.tax if Fraction(line.rate) == rate)
        assert abs(sum(parts) - at_once) < len(parts) + 1
    carried = sum(line.amount for statement in issued for line in statement.lines if line.kind == "carry_over")
    payable = sum(statement.totals.payable_to_brand for statement in issued) - carried
    assert whole.totals.payable_to_brand + whole.totals.tax == payable + sum(statement.totals.tax for statement in issued)


@examples(60)
@given(months())
def test_a_chain_gives_away_what_the_party_before_it_received(found: Months) -> None:
    """Each party's part comes out of the one before it, whose part it does not exceed."""
    statement = found.issued()[0][1]
    received = {(line.session, line.to): -line.amount for line in statement.lines if line.kind == "share"}
    for share in statement.chain:
        assert share.of != NET_GMV
        assert received[share.session, share.of] == share.base
        assert abs(share.amount) <= abs(share.base)
        received[share.session, share.to] = share.amount


@examples(60)
@given(months())
def test_a_statement_reads_back_from_its_own_json(found: Months) -> None:
    """Nothing is lost between the document and the record from which corrections are computed."""
    for _, statement in found.issued():
        assert statement == Statement.model_validate_json(statement.model_dump_json())


@examples(60)
@given(
    terms(),
    st.dates(date(2021, 1, 1), date(2021, 12, 31)),
    st.integers(1, 400) | st.none(),
    st.permutations(range(14)),
    st.data(),
)
def test_every_fee_is_charged_one_time_in_whatever_order_months_are_stated(
    agreed: Terms, starts_on: date, days: int | None, order: list[int], data: st.DataObject
) -> None:
    """Some months are never stated, others late; with the last one all fees are charged, as on one statement over everything."""
    ends_on = None if days is None else starts_on + timedelta(days=days)
    contract = UsedContract(id=UUID(int=1), starts_on=starts_on, ends_on=ends_on, terms=agreed)
    stated = [*order[: data.draw(st.integers(0, 13))]]
    last = date(2022, 3, 1)
    issued: list[tuple[str, Statement]] = []
    for number, month in enumerate([date(2021 + place // 12, place % 12 + 1, 1) for place in stated] + [last]):
        basis = Basis(month, [contract], [], {}, earlier=earlier_of(issued))
        issued.append((f"{number}", state(basis)))
    assert all(statement.unexplained == 0 for _, statement in issued)

    def charged(statements: Iterable[Statement]) -> Counter[tuple[object, ...]]:
        return Counter(
            (line.fee, line.name, line.amount, line.due or statement.month)
            for statement in statements
            for line in statement.lines
            if line.kind == "fee"
        )

    assert charged([state(Basis(last, [contract], [], {}))]) == charged(statement for _, statement in issued)
