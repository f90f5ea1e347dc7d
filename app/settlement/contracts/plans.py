"""The agency's plans as presets of contracts.

In: nothing. Out: presets. Never here: I/O, a brand.

Source: the agency's manual of January 2022, section 料金プラン紹介: a plan with IT subsidy (six months, 4,350,000 yen of which
2,900,000 are subsidized), a normal plan (twelve months) and a spot plan (one broadcast, 50/50). Each plan comes with the monthly
schedule of the manual: one article, one test broadcast, one promotion, one broadcast.
"""

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Literal

from pydantic import Field

from app.catalogue.models import ResponseModel
from app.settlement.contracts.terms import Fee, Share, Subsidy, Terms

PlanName = Literal["subsidy", "normal", "spot", "custom"]
_PER_MONTH: Mapping[Literal["article", "rehearsal", "promotion", "broadcast"], int] = {
    "article": 1, "rehearsal": 1, "promotion": 1, "broadcast": 1,
}  # fmt: skip
_THIRTY = [Share(to="agency", rate="0.30")]


class PlanPreset(ResponseModel):
    """A preset: terms that a contract of this plan has unless it says otherwise."""

    plan: PlanName
    names: dict[str, str] = Field(description="by language", examples=[{"ja": "ノーマルプラン"}])
    months: int | None = Field(description="duration; null for a single broadcast")
    terms: Terms
    subsidy_amount: str | None = Field(default=None, description="computed from the preset's subsidy", examples=["2900000"])


PLANS: tuple[PlanPreset, ...] = (
    PlanPreset(
        plan="subsidy",
        names={"ja": "IT補助金プラン", "zh": "IT补助金方案", "en": "IT subsidy plan"},
        months=6,
        terms=Terms(
            shares=_THIRTY,
            fees=[Fee(kind="initial", name="システム開発・サポート・ライブコマース運営費用", amount="4350000")],
            subsidy=Subsidy(eligible="4350000", rate="2/3"),
            deliverables=dict(_PER_MONTH),
        ),
        subsidy_amount="2900000",
    ),
    PlanPreset(
        plan="normal",
        names={"ja": "ノーマルプラン", "zh": "标准方案", "en": "Normal plan"},
        months=12,
        terms=Terms(
            shares=_THIRTY,
            fees=[
                Fee(kind="initial", name="初回ショップ設定費", amount="1000000"),
                Fee(kind="monthly", name="ライブ配信運営費・ショップ運営費", amount="500000"),
            ],
            deliverables=dict(_PER_MONTH),
        ),
    ),
    PlanPreset(
        plan="spot",
        names={"ja": "スポットプラン", "zh": "单场方案", "en": "Spot plan"},
        months=None,
        terms=Terms(shares=[Share(to="agency", rate="0.50")], deliverables=dict(_PER_MONTH)),
    ),
)


def preset(plan: PlanName) -> PlanPreset | None:
    """Return the preset of a plan; None for `custom`."""
    return next((found for found in PLANS if found.plan == plan), None)


def last_day(starts_on: date, months: int) -> date:
    """Return the last day of a contract of so many months.

    It is the day before the corresponding day of the last month, or the end of that month if it has no such day (Japan's Civil
    Code, article 143).

    >>> last_day(date(2022, 1, 1), 6), last_day(date(2022, 8, 31), 6)
    (datetime.date(2022, 6, 30), datetime.date(2023, 2, 28))
    """
    year, month = divmod(starts_on.year * 12 + starts_on.month - 1 + months, 12)
    days = monthrange(year, month + 1)[1]
    if starts_on.day > days:
        return date(year, month + 1, days)
    return date(year, month + 1, starts_on.day) - timedelta(days=1)
