"""Scheduled events other than purchases: broadcast, host and marks, on-air windows, samples, follows, support, promotions.

In: a scenario, its timeline and crowds. Out: planned events. Never here: purchases, single comments and likes.
"""

from random import Random

from app.simulate.generation.audience import Crowd
from app.simulate.generation.planned_events import ARRIVAL, CLOSING, Planner
from app.simulate.generation.timeline import SLICE_MS, Timeline
from app.simulate.scenario.platform_split import split
from app.simulate.scenario.scenario import Scenario

SLOW_MS = 180_000
"""A support answer that takes longer is slow (docs/reference/kpis.md)."""
_REACHED = ((0, 70), (25, 82), (50, 91), (75, 97), (100, 100))
"""(per cent of the broadcast, per cent of the promotion's final figures)."""

_MARKS = (("coupon", "满500减50", 20), ("giveaway", "抽奖", 60))
"""(label, text, per cent of the broadcast)."""


def lay(scenario: Scenario, timeline: Timeline, crowds: list[Crowd], planner: Planner, rng: Random) -> None:
    """Plan all of them."""
    for index in range(len(crowds)):
        planner.add(0, index, "live.session.started", {}, ARRIVAL)
        planner.add(timeline.duration, index, "live.session.ended", {}, CLOSING)
    for window in timeline.windows:
        shown = {"product": scenario.products[window.product].product}
        for index in range(len(crowds)):
            planner.add(window.begins, index, "live.product.showcased", dict(shown))
            planner.add(window.ends, index, "live.product.withdrawn", dict(shown))
    if scenario.session.host:
        planner.add(0, 0, "live.host.changed", {"host": scenario.session.host})
        if scenario.session.relief:
            planner.add(timeline.duration // 3, 0, "live.host.changed", {"host": scenario.session.relief})
            planner.add(timeline.duration * 2 // 3, 0, "live.host.changed", {"host": scenario.session.host})
    for label, text, at in _MARKS:
        planner.add(timeline.duration * at // 100, 0, "live.mark.set", {"label": label, "text": text})
    for product in scenario.products:
        planner.add(0, 0, "live.stock.changed", {"product": product.product, "stock": scenario.stock(product)})
    for index, crowd in enumerate(crowds):
        for at, viewer in crowd.follows:
            planner.add(at, index, "live.follow.gained", {"viewer": crowd.viewer(viewer)})
    _samples(scenario, timeline, crowds, planner, rng)
    _support(scenario, crowds, planner, rng)
    _promotions(scenario, timeline, crowds, planner)


def _samples(scenario: Scenario, timeline: Timeline, crowds: list[Crowd], planner: Planner, rng: Random) -> None:
    impressions = split(scenario, "impressions")
    presence = [crowd.presence(timeline.slices)[1:] for crowd in crowds]
    together = [sum(parts) for parts in zip(*presence, strict=True)]
    highest = max(together)
    at_highest = together.index(highest)
    stated = scenario.kpis.peak_concurrent_viewers is not None or scenario.filled("peak_concurrent_viewers")
    peaks = split(scenario, "peak_concurrent_viewers") if stated else None
    for index, crowd in enumerate(crowds):
        total = impressions[crowd.platform]
        for part, present in enumerate(together):
            # All platforms peak at the same time, so that the session's peak is the sum of theirs.
            if peaks is None:
                concurrent = presence[index][part]
            else:
                peak = peaks[crowd.platform]
                noise = 1000 if part == at_highest else rng.randrange(930, 1001)
                concurrent = peak if part == at_highest else peak * present * noise // (max(1, highest) * 1000)
            data = {"concurrent": concurrent}
            if total:
                data["impressions_total"] = total * (part + 1) // timeline.slices
            planner.add((part + 1) * SLICE_MS, index, "live.audience.sampled", data)
        if total:
            planner.add(timeline.duration, index, "live.audience.sampled", {"impressions_total": total})


def _support(scenario: Scenario, crowds: list[Crowd], planner: Planner, rng: Random) -> None:
    requests = scenario.support.requests
    count = scenario.kpis.buyers // 8 if requests is None else requests
    slow = count // 3 if scenario.support.slow is None else scenario.support.slow
    open_to = [index for index, crowd in enumerate(crowds) if len(crowd.enters)]
    for number in range(count):
        index = rng.choice(open_to)
        crowd = crowds[index]
        viewer = rng.randrange(len(crowd.enters))
        at = rng.randint(crowd.enters[viewer], crowd.leaves(viewer))
        ticket = f"{crowd.platform}-ticket-{number + 1:04d}"
        planner.add(at, index, "live.support.requested", {"ticket": ticket, "viewer": crowd.viewer(viewer)})
        waited = rng.randrange(SLOW_MS + 30_000, 4 * SLOW_MS) if number < slow else rng.randrange(15_000, SLOW_MS - 20_000)
        answered = at + waited // 1000 * 1000
        planner.add(answered, index, "live.support.answered", {"ticket": ticket, "response_seconds": waited // 1000})


def _promotions(scenario: Scenario, timeline: Timeline, crowds: list[Crowd], planner: Planner) -> None:
    platforms = [crowd.platform for crowd in crowds]
    for promotion in scenario.promotions:
        index = platforms.index(promotion.platform) if promotion.platform else 0
        for at, reached in _REACHED:
            data = {
                "promotion": promotion.url,
                "views_total": promotion.views * reached // 100,
                "engagements_total": promotion.engagements * reached // 100,
            }
            planner.add(timeline.duration * at // 100, index, "live.promotion.measured", data)
