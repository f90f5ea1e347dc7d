"""Traffic of a simulated session: product impressions, the platform's figures of its sources, and paid campaigns.

In: a scenario, its timeline and crowds. Out: planned events. Never here: arrivals, clicks, purchases.
"""

from bisect import bisect_right

from app.simulate.generation.audience import ADS, SOURCES, Crowd
from app.simulate.generation.planned_events import Planner
from app.simulate.generation.purchases import major
from app.simulate.generation.timeline import Timeline
from app.simulate.scenario.apportion import apportion
from app.simulate.scenario.scenario import Scenario

_STEPS = 10
"""Reports of a platform between the start and the end of the broadcast."""
_IMPRESSIONS_PER_CLICK = 9
_WHO_SEES = (9, 10)
"""Part of the viewers who see a product's card."""


def lay(scenario: Scenario, timeline: Timeline, crowds: list[Crowd], planner: Planner) -> None:
    """Plan all of them; reports grow to their totals at the end of the broadcast."""
    weights = [len(crowd.enters) for crowd in crowds]
    shown = {
        product.product: apportion(_impressions(scenario, index), weights) for index, product in enumerate(scenario.products)
    }
    clicks = sum(map(scenario.clicks, scenario.products))
    for step in range(1, _STEPS + 1):
        at = timeline.duration * step // _STEPS
        for index, crowd in enumerate(crowds):
            arrived = bisect_right(crowd.enters, at)
            for code, totals in shown.items():
                data = {
                    "product": code,
                    "impressions_total": totals[index] * step // _STEPS,
                    "viewers_total": arrived * step // _STEPS,
                }
                planner.add(at, index, "live.product.sampled", data)
            if shown:
                people = min(arrived, max(arrived * _WHO_SEES[0] // _WHO_SEES[1], clicks))
                planner.add(at, index, "live.audience.sampled", {"product_viewers_total": people})
            if scenario.ads:
                _sources(crowd, arrived, at, index, planner)
        _campaigns(scenario, crowds, at, step, planner)


def _impressions(scenario: Scenario, index: int) -> int:
    product = scenario.products[index]
    return scenario.clicks(product) * _IMPRESSIONS_PER_CLICK if product.impressions is None else product.impressions


def _sources(crowd: Crowd, arrived: int, at: int, index: int, planner: Planner) -> None:
    paid = crowd.sources[:arrived].count(SOURCES.index(ADS))
    for source, viewers in (("natural", arrived - paid), (ADS, paid)):
        data = {"source": source, "paid": source == ADS, "viewers_total": viewers}
        planner.add(at, index, "live.source.sampled", data)


def _campaigns(scenario: Scenario, crowds: list[Crowd], at: int, step: int, planner: Planner) -> None:
    platforms = [crowd.platform for crowd in crowds]
    for ad in scenario.ads:
        index = platforms.index(ad.platform) if ad.platform else 0
        spent = scenario.money(ad.spend) * step // _STEPS
        data: dict[str, object] = {"campaign": ad.campaign, "spend_total": major(spent, scenario.digits)}
        counts = {"impressions_total": ad.impressions, "clicks_total": ad.clicks}
        data |= {name: total * step // _STEPS for name, total in counts.items() if total is not None}
        planner.add(at, index, "live.ad.sampled", data)
