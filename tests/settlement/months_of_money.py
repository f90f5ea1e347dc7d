"""Random months of a brand: contracts with chains, sessions in several currencies, revisions that follow the issue.

In: hypothesis. Out: strategies, and the statements that result when every month is issued. Never here: assertions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from app.settlement.amounts.earlier import UsedContract
from app.settlement.amounts.lines import StatementLine
from app.settlement.amounts.months import last_of, next_month
from app.settlement.amounts.session_amounts import SessionFigures
from app.settlement.amounts.statement import Basis, EnteredLine, Rates, Statement, earlier_of, state
from app.settlement.contracts.terms import Terms

SEPTEMBER = date(2021, 9, 1)
CURRENCIES = ("CNY", "USD", "JPY", "KWD")
ROUNDINGS = st.sampled_from(["floor", "half_up", "ceil"])
YEN = st.integers(0, 10**9)


def ratios(most: int = 1_000_000) -> st.SearchStrategy[str]:
    """Return rates of up to `most` millionths."""
    return st.integers(0, most).map(lambda millionths: f"{millionths // 10**6}.{millionths % 10**6:06d}")


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    """Return terms with a chain of three parties, of which two stand beside each other."""
    shares = [
        {"to": "agency", "rate": draw(ratios(600_000))},
        {"to": "partner", "rate": draw(ratios(400_000))},
        {"to": "kol:a", "rate": draw(ratios()), "of": "agency"},
        {"to": "helper", "rate": draw(ratios()), "of": "kol:a"},
    ]
    fees = [
        {"kind": kind, "name": f"{kind} {place}", "amount": str(draw(YEN)), "taxed": draw(st.booleans())}
        for place, kind in enumerate(draw(st.lists(st.sampled_from(["initial", "monthly", "once"]), max_size=3)))
    ]
    return Terms.model_validate({
        "shares": shares[: draw(st.sampled_from([1, 2, 4]))],
        "fees": fees,
        "share_rounding": draw(ROUNDINGS),
        "collected_by": draw(st.sampled_from(["agency", "brand"])),
        "tax": {"rate": draw(st.sampled_from(["0.10", "0.08", "0"])), "rounding": draw(ROUNDINGS), "share_taxed": draw(st.booleans())},
        "fx": {"kind": "TTM", "date": draw(st.sampled_from(["session", "month_end"]))},
    })  # fmt: skip


@dataclass(frozen=True)
class Months:
    """What happened to a brand: the sessions of September as each of the following months finds them."""

    contracts: Sequence[UsedContract]
    rates: Rates
    states: Sequence[Sequence[SessionFigures]]
    entered: Sequence[EnteredLine]

    def basis(self, month: date, sessions: Sequence[SessionFigures], **more: Any) -> Basis:
        """Return what a month is computed from."""
        return Basis(month, self.contracts, sessions, self.rates, **more)

    def issued(self) -> list[tuple[str, Statement]]:
        """Return the statements of September and of the following months, each issued before the next."""
        found: list[tuple[str, Statement]] = []
        month = SEPTEMBER
        for sessions in self.states:
            entered = () if found else self.entered
            found.append((f"{month:%Y-%m}-001", state(self.basis(month, sessions, earlier=earlier_of(found), entered=entered))))
            month = next_month(month)
        return found

    def at_once(self) -> Statement:
        """Return the one statement over everything."""
        return state(self.basis(SEPTEMBER, self.states[-1], entered=self.entered))


@st.composite
def months(draw: st.DrawFn) -> Months:
    """Return months; the contracts end with September, so that what follows are corrections alone."""
    change = SEPTEMBER.replace(day=draw(st.integers(2, 30)))
    halves = draw(st.booleans())
    end = change - timedelta(days=1) if halves else last_of(SEPTEMBER)
    contracts = [UsedContract(id=UUID(int=1), starts_on=SEPTEMBER, ends_on=end, terms=draw(terms()))]
    if halves:
        contracts.append(UsedContract(id=UUID(int=2), starts_on=change, ends_on=last_of(SEPTEMBER), terms=draw(terms())))
    days = draw(st.lists(st.integers(1, 30), min_size=1, max_size=4))
    net = st.integers(-(10**6), 10**11)
    first = [
        SessionFigures(
            UUID(int=100 + place), f"show {place}", SEPTEMBER.replace(day=day), draw(st.sampled_from(CURRENCIES)), draw(net), 1
        )
        for place, day in enumerate(days)
    ]
    states = [first]
    for revision in range(2, 2 + draw(st.integers(1, 3))):
        changed = [replace(show, net=draw(net), revision=revision) if draw(st.booleans()) else show for show in states[-1]]
        states.append(changed)
    rate = st.integers(1, 10**7).map(lambda parts: f"{parts // 10**4}.{parts % 10**4:04d}")
    rates = {
        (SEPTEMBER.replace(day=day), currency, "JPY", "TTM"): draw(rate)
        for day in sorted({*days, 30})
        for currency in sorted({show.currency for show in first} - {"JPY"})
    }
    entered = [
        EnteredLine(line=StatementLine(kind="ad_cost", amount=-draw(YEN), name="広告"), taxed=True),
        EnteredLine(line=StatementLine(kind="adjustment", amount=draw(YEN) - 5 * 10**8, reason="a reason"), taxed=False),
    ]
    return Months(contracts, rates, states, entered)
