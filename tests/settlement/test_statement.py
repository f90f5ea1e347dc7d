"""The statement of a month: the rules one by one, on figures that a reader can check."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.settlement.amounts.earlier import UsedContract
from app.settlement.amounts.lines import StatementLine
from app.settlement.amounts.session_amounts import SessionFigures
from app.settlement.amounts.statement import Basis, EnteredLine, Statement, earlier_of, state
from app.settlement.contracts.terms import Terms

SEPTEMBER, OCTOBER = date(2021, 9, 1), date(2021, 10, 1)
CHAIN = [{"to": "agency", "rate": "0.30"}, {"to": "kol:kobayashi", "rate": "0.10", "of": "agency"}]
RATES = {(date(2021, 9, 25), "CNY", "JPY", "TTM"): "17.09", (date(2021, 9, 30), "CNY", "JPY", "TTM"): "17.30"}


def contract(starts_on: date = SEPTEMBER, ends_on: date | None = None, **terms: Any) -> UsedContract:
    """Return a contract; without terms it is the one of the example."""
    given = {"shares": CHAIN, "fees": [{"kind": "monthly", "name": "運営費", "amount": "200000"}]} | terms
    return UsedContract(id=uuid4(), starts_on=starts_on, ends_on=ends_on, terms=Terms.model_validate(given))


def session(net: int | None = 48188800, day: date = date(2021, 9, 25), currency: str = "CNY", number: int = 1) -> SessionFigures:
    """Return a session; the example's has a net GMV of 481,888 yuan."""
    return SessionFigures(UUID(int=number), f"show {number}", day, currency, net, None if net is None else 1)


def basis(*sessions: SessionFigures, contracts: list[UsedContract] | None = None, **more: Any) -> Basis:
    """Return what a September is computed from."""
    given: dict[str, Any] = {"month": SEPTEMBER, "rates": RATES} | more
    return Basis(contracts=[contract()] if contracts is None else contracts, sessions=sessions, **given)


def adds_up(statement: Statement) -> None:
    """The lines minus the tax are what is payable."""
    assert 0 == statement.unexplained
    lines, taxes = (sum(line.amount for line in part) for part in (statement.lines, statement.tax))
    assert statement.totals.payable_to_brand == lines - taxes


def test_the_example_of_the_manual_s_broadcast() -> None:
    """481,888 yuan at 17.09, 30 % for the agency, 10 % of that for the host, 200,000 yen a month, 10 % tax."""
    statement = state(basis(session()))
    adds_up(statement)
    assert [("goods", 8235465), ("share", -2470639), ("fee", -200000)] == [(line.kind, line.amount) for line in statement.lines]
    assert [("0.10", 2670639, 267063)] == [(tax.rate, tax.base, tax.amount) for tax in statement.tax]
    assert {"agency": 2470639, "kol:kobayashi": 247063} == statement.totals.shares
    assert [("kol:kobayashi", "agency", 247063)] == [(share.to, share.of, share.amount) for share in statement.chain]
    assert 5297763 == statement.totals.payable_to_brand
    document = statement.model_dump(mode="json")
    assert {
        "amount": "481888.00",
        "currency": "CNY",
        "rate": "17.09",
        "rate_date": "2021-09-25",
        "rate_kind": "TTM",
        "revision": 1,
    } == document["lines"][0]["source"]
    assert ("2470639", "5297763", "0") == (
        document["totals"]["shares"]["agency"],
        document["totals"]["payable_to_brand"],
        document["unexplained"],
    )
    assert statement == Statement.model_validate(document)


def test_tax_is_rounded_once_for_all_lines_of_a_rate() -> None:
    """Three shares of 105 yen are taxed 31 yen, not 30 (NTA, Q&A 57)."""
    terms = contract(shares=[{"to": "agency", "rate": "1"}], fees=[])
    statement = state(basis(*(session(105, currency="JPY", number=number) for number in (1, 2, 3)), contracts=[terms]))
    adds_up(statement)
    assert [(315, 31)] == [(tax.base, tax.amount) for tax in statement.tax]


@pytest.mark.parametrize(("rule", "share", "tax"), [("floor", 1, 0), ("half_up", 2, 0), ("ceil", 2, 1)])
def test_shares_and_tax_are_rounded_by_the_rules_of_the_contract(rule: str, share: int, tax: int) -> None:
    """Half of 3 yen is 1.5 yen."""
    terms = contract(shares=[{"to": "agency", "rate": "0.5"}], fees=[], share_rounding=rule, tax={"rounding": rule})
    statement = state(basis(session(3, currency="JPY"), contracts=[terms]))
    assert {"agency": share} == statement.totals.shares
    assert [tax] == [line.amount for line in statement.tax]


def test_the_currency_of_the_statement_needs_no_rate() -> None:
    """Yen are stated as they are."""
    statement = state(basis(session(8235465, currency="JPY"), rates={}))
    assert not statement.missing
    source = statement.lines[0].source
    assert source is not None
    assert (8235465, None) == (statement.lines[0].amount, source.rate)


def test_the_rate_is_of_the_session_s_day_or_of_the_month_s_end() -> None:
    """The contract decides."""
    statement = state(basis(session(), contracts=[contract(fx={"kind": "TTM", "date": "month_end"})]))
    assert 48188800 * 1730 // 10000 == statement.totals.goods


def test_what_a_statement_lacks_is_listed() -> None:
    """A session without a revision, a day without a contract, a rate that was not entered."""
    later = contract(date(2021, 9, 20), fees=[])
    statement = state(basis(
        session(None, number=1), session(1, date(2021, 9, 10), number=2), session(1, date(2021, 9, 26), number=3), contracts=[later],
    ))  # fmt: skip
    assert [("revision", 1), ("contract", 2), ("exchange_rate", 3)] == [
        (found.what, found.session.int) for found in statement.missing
    ]
    assert [] == statement.lines
    assert "CNY/JPY TTM of 2021-09-26" in statement.missing[2].detail


def test_a_contract_that_changes_within_a_month_applies_to_its_own_sessions() -> None:
    """30 % until the 15th, 50 % from the 16th; each charges its fee."""
    old = contract(ends_on=date(2021, 9, 15))
    new = contract(date(2021, 9, 16), shares=[{"to": "agency", "rate": "0.50"}], fees=[])
    statement = state(
        basis(session(1000, date(2021, 9, 15), "JPY", 1), session(1000, date(2021, 9, 16), "JPY", 2), contracts=[old, new])
    )
    adds_up(statement)
    assert [-300, -500] == [line.amount for line in statement.lines if line.kind == "share"]
    assert 200000 == statement.totals.fees


def test_a_brand_that_collected_the_money_owes_share_fees_and_tax() -> None:
    """The buyers' money is no part of what it owes, and the figure is negative."""
    statement = state(basis(session(), contracts=[contract(collected_by="brand")]))
    adds_up(statement)
    assert (8235465, -(2470639 + 200000 + 267063)) == (statement.totals.collected, statement.totals.payable_to_brand)
    following = state(basis(month=OCTOBER, contracts=[], earlier=earlier_of([("2021-09-001", statement)])))
    assert [] == following.lines


def test_a_negative_balance_is_carried_over_once() -> None:
    """A month with fees and without sales; the next statement states what the brand still owes."""
    spot = contract(ends_on=date(2021, 9, 30))
    first = state(basis(contracts=[spot]))
    assert -220000 == first.totals.payable_to_brand
    second = state(basis(month=OCTOBER, contracts=[spot], earlier=earlier_of([("2021-09-001", first)])))
    adds_up(second)
    assert [("carry_over", -220000, "2021-09-001")] == [(line.kind, line.amount, line.corrects) for line in second.lines]
    third = state(
        basis(month=date(2021, 11, 1), contracts=[spot], earlier=earlier_of([("2021-09-001", first), ("2021-10-001", second)]))
    )
    assert [-220000] == [line.amount for line in third.lines]


def test_fees_fall_due_at_the_start_with_the_first_show_and_every_month_of_the_contract() -> None:
    """A contract of two months from the 10th charges its monthly fee twice, not three times."""
    agreed = contract(date(2021, 9, 10), date(2021, 11, 9), fees=[
        {"kind": "initial", "name": "設定費", "amount": "3"}, {"kind": "monthly", "name": "運営費", "amount": "5"}, {"kind": "once", "name": "出張費", "amount": "7", "taxed": False},
    ])  # fmt: skip
    issued: list[tuple[str, Statement]] = []
    for month in (date(2021, 8, 1), SEPTEMBER, OCTOBER, date(2021, 11, 1)):
        shows = [session(1, found, "JPY", found.month) for found in (date(2021, 10, 5), date(2021, 11, 5))]
        issued.append((f"{month:%Y-%m}-001", state(basis(*shows, month=month, contracts=[agreed], earlier=earlier_of(issued)))))
    assert [0, 8, 12, 0] == [statement.totals.fees for _, statement in issued]
    assert ["0.10", None] == [line.tax_rate for line in issued[2][1].lines if line.kind == "fee"]


def test_the_fee_of_a_month_that_is_not_stated_is_on_the_next_statement_under_its_month() -> None:
    """September and November are stated, October only then, and the contract's end charges nothing behind it."""
    fees = [{"kind": "initial", "name": "設定費", "amount": "3"}, {"kind": "monthly", "name": "運営費", "amount": "5"}]
    agreed = contract(date(2021, 8, 10), date(2021, 12, 9), fees=fees)
    issued: list[tuple[str, Statement]] = []
    for month in (SEPTEMBER, date(2021, 11, 1), OCTOBER, date(2022, 3, 1)):
        issued.append((f"{month:%Y-%m}-001", state(basis(month=month, contracts=[agreed], earlier=earlier_of(issued)))))
        adds_up(issued[-1][1])
    charged = [[(line.fee, line.due, line.amount) for line in statement.lines if line.kind == "fee"] for _, statement in issued]
    august = date(2021, 8, 1)
    assert [
        [("initial", august, -3), ("monthly", august, -5), ("monthly", None, -5)],
        [("monthly", OCTOBER, -5), ("monthly", None, -5)],
    ] == (charged[:2])
    assert [[], []] == charged[2:]
    late = state(basis(month=date(2022, 3, 1), contracts=[agreed]))
    assert (-3 - 4 * 5, [agreed]) == (sum(line.amount for line in late.lines), late.contracts)


def test_a_changed_session_becomes_corrections_under_the_terms_of_its_statement() -> None:
    """Later sales, refunds and another rate of today's table change no issued line; the next statement has the differences."""
    first = state(basis(session()))
    earlier = earlier_of([("2021-09-001", first)])
    moved = replace(session(48170000), revision=2, ended_on=date(2021, 10, 1))
    second = state(
        basis(
            moved,
            month=OCTOBER,
            contracts=[contract(OCTOBER, fees=[], shares=[{"to": "agency", "rate": "1"}])],
            rates={},
            earlier=earlier,
        )
    )
    adds_up(second)
    assert not second.missing
    found = [(line.kind, line.corrected, line.corrects, line.amount) for line in second.lines]
    assert [
        ("correction", "goods", "2021-09-001", 8232253 - 8235465),
        ("correction", "share", "2021-09-001", 2470639 - 2469675),
    ] == found
    source = second.lines[0].source
    assert source is not None
    assert ("-188.00", "17.09", 2) == (source.amount, source.rate, source.revision)
    assert [("2021-09-001", 246967 - 247063)] == [(share.corrects, share.amount) for share in second.chain]
    assert [(-964, -96)] == [(tax.base, tax.amount) for tax in second.tax]
    third = state(
        basis(moved, month=date(2021, 11, 1), contracts=[], earlier=earlier_of([("2021-09-001", first), ("2021-10-001", second)]))
    )
    assert ["carry_over"] == [line.kind for line in third.lines]


def test_a_session_that_was_added_to_an_issued_month_is_a_correction() -> None:
    """It stands on the next statement with all its money."""
    agreed = contract(fees=[])
    first = state(basis(session(), contracts=[agreed]))
    added = session(1000, date(2021, 9, 3), "JPY", 2)
    second = state(basis(session(), added, month=OCTOBER, contracts=[agreed], earlier=earlier_of([("2021-09-001", first)])))
    adds_up(second)
    assert [("goods", 1000), ("share", -300)] == [(line.corrected, line.amount) for line in second.lines]


def test_a_session_of_another_month_is_not_stated() -> None:
    """Neither one that follows nor one whose month has no statement yet."""
    shows = (
        session(1, date(2021, 8, 31), "JPY", 1),
        session(1, date(2021, 10, 1), "JPY", 2),
        session(None, date(2021, 10, 2), "JPY", 3),
    )
    statement = state(basis(*shows, contracts=[contract(date(2021, 1, 1), fees=[])]))
    assert ([], []) == (statement.lines, statement.missing)


def test_a_changed_currency_replaces_the_source_of_a_session() -> None:
    """The difference is in yen, at the rate of the new currency; later corrections start from there."""
    agreed = contract(fees=[])
    first = state(basis(session(), contracts=[agreed]))
    dollars = session(100000, currency="USD")
    rates = {(date(2021, 9, 25), "USD", "JPY", "TTM"): "110.5"}
    issued = [("2021-09-001", first)]
    assert ["exchange_rate"] == [
        found.what for found in state(basis(dollars, month=OCTOBER, contracts=[agreed], earlier=earlier_of(issued))).missing
    ]
    issued.append(
        ("2021-10-001", state(basis(dollars, month=OCTOBER, contracts=[agreed], rates=rates, earlier=earlier_of(issued))))
    )
    third = state(basis(replace(dollars, net=90000), month=date(2021, 11, 1), contracts=[agreed], earlier=earlier_of(issued)))
    sums = [
        sum(line.amount for _, found in [*issued, ("", third)] for line in found.lines if line.stated == kind)
        for kind in ("goods", "share")
    ]
    assert [99450, -29835] == sums


def test_lines_that_operators_entered_count_as_they_are() -> None:
    """An advertisement with tax, an adjustment without, a withheld tax."""
    entered = [
        EnteredLine(line=StatementLine(kind="ad_cost", amount=-1000, name="広告"), taxed=True),
        EnteredLine(line=StatementLine(kind="adjustment", amount=300, reason="rounding of June"), taxed=False),
        EnteredLine(line=StatementLine(kind="withholding", amount=-50, rate="0.1021", base=490), taxed=False),
    ]
    totals = state(basis(contracts=[contract(fees=[])], entered=entered)).totals
    assert (1000, 300, 50, 100, -850) == (
        totals.ad_costs,
        totals.adjustments,
        totals.withholding,
        totals.tax,
        totals.payable_to_brand,
    )
