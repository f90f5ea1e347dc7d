"""The audience of a simulated session: arrivals, length of stay, returns, follows.

In: a scenario, its timeline, random numbers. Out: one `Crowd` per platform. Never here: events, clocks.
Times and durations are integer milliseconds; a crowd of a million fits in a few arrays.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from itertools import chain
from random import Random

from app.simulate.generation.timeline import SLICE_MS, Timeline, arrival_weights
from app.simulate.scenario.apportion import apportion, rounded
from app.simulate.scenario.platform_split import split
from app.simulate.scenario.scenario import Scenario

ADS = "ads"
SOURCES = ("fans", "recommendation", "promotion", "search", "share", ADS)


@dataclass(slots=True)
class Crowd:
    """The viewers of one platform, in the order of their arrival."""

    platform: str
    enters: array[int]
    watches: array[int] = field(default_factory=lambda: array("q"))
    levels: bytearray = field(default_factory=bytearray)
    sources: bytearray = field(default_factory=bytearray)
    returns: dict[int, int] = field(default_factory=dict)
    """Viewer → number of return visits, for viewers who return."""
    first_stays: dict[int, int] = field(default_factory=dict)
    """Viewer → length of the first visit, for viewers who return."""
    follows: list[tuple[int, int]] = field(default_factory=list)
    """(moment, viewer)."""

    def viewer(self, index: int) -> str:
        """Return the platform's id of a viewer."""
        return f"{self.platform}-viewer-{index + 1:07d}"

    def leaves(self, index: int) -> int:
        """Return the end of a viewer's first visit."""
        return self.enters[index] + self.first_stays.get(index, self.watches[index])

    def present_at(self, moment: int, rng: Random, taken: set[int]) -> int | None:
        """Return a viewer who is in their first visit at `moment` and not taken; None if a few random tries find none."""
        until = bisect_right(self.enters, moment)
        average = sum(self.watches[max(0, until - 50) : until]) // max(1, min(50, until))
        since = bisect_left(self.enters, moment - 3 * average)
        for _ in range(60):
            if since >= until:
                break
            index = rng.randrange(since, until)
            if index not in taken and self.leaves(index) >= moment:
                return index
        return None

    def presence(self, slices: int) -> list[int]:
        """Return the number of viewers present at the start of each slice."""
        steps = [0] * (slices + 1)
        for enters, watch in zip(self.enters, self.watches, strict=True):
            begins, ends = -(-enters // SLICE_MS), (enters + watch - 1) // SLICE_MS + 1
            if begins < ends:
                steps[min(begins, slices)] += 1
                steps[min(ends, slices)] -= 1
        present, found = 0, []
        for step in steps[:slices]:
            present += step
            found.append(present)
        return found


def gather(scenario: Scenario, timeline: Timeline, rng: Random) -> list[Crowd]:
    """Return a crowd per platform; their sums are the scenario's viewers, views, watch time, followers and early core fans."""
    viewers = split(scenario, "viewers")
    weights = arrival_weights(timeline, rng)
    crowds = [Crowd(platform, _arrivals(count, weights, timeline, rng)) for platform, count in viewers.items()]
    _watch(crowds, scenario, timeline, rng)
    _levels(crowds, scenario, rng)
    views, followers = split(scenario, "views"), split(scenario, "new_followers")
    for crowd in crowds:
        _come_back(crowd, views[crowd.platform] - len(crowd.enters), rng)
        _follow(crowd, followers[crowd.platform], scenario.audience.core_fan_level, rng)
    return crowds


def _arrivals(count: int, weights: list[int], timeline: Timeline, rng: Random) -> array[int]:
    moments = [timeline.moment(rng, part) for part, arriving in enumerate(apportion(count, weights)) for _ in range(arriving)]
    moments.sort()
    if moments:
        # One viewer is present from the first seconds, so that every later event has a viewer.
        moments[0] = min(moments[0], rng.randrange(500, 3000))
    return array("q", moments)


def _watch(crowds: list[Crowd], scenario: Scenario, timeline: Timeline, rng: Random) -> None:
    for crowd, total in zip(crowds, apportion(scenario.watch_ms, [len(crowd.enters) for crowd in crowds]), strict=True):
        late = sum(crowd.enters)
        room = timeline.duration * len(crowd.enters) - total
        if late > room:
            # An average watch time this long requires early arrivals.
            crowd.enters = array("q", [enters * room // late for enters in crowd.enters])
        longest = [timeline.duration - enters for enters in crowd.enters]
        crowd.watches = array("q", stays(total, longest, [rng.expovariate(1) + 1e-9 for _ in longest]))


def stays(total: int, longest: list[int], wishes: list[float]) -> list[int]:
    """Return durations in proportion to the wishes, none above its maximum, that add up to `total` exactly.

    `total` is at most the sum of `longest`. When a viewer reaches their maximum, the rest is divided among the others.
    """
    order = sorted(range(len(longest)), key=lambda index: longest[index] / wishes[index])
    left, wished = total, sum(wishes)
    found = [0] * len(longest)
    for index in order:
        fair = int(left * wishes[index] / wished) if wished > 0 else left
        found[index] = max(0, min(longest[index], fair, left))
        left -= found[index]
        wished -= wishes[index]
    # Distribute the rounding remainder among viewers below their maximum.
    while left:
        portion = max(1, left // len(order))
        for index in order:
            more = min(portion, left, longest[index] - found[index])
            found[index] += more
            left -= more
    return found


def _levels(crowds: list[Crowd], scenario: Scenario, rng: Random) -> None:
    core = scenario.audience.core_fan_level
    until = scenario.audience.first_minutes * 60_000
    early = [bisect_left(crowd.enters, until) for crowd in crowds]
    fans = apportion(int(rounded(scenario.audience.core_fan_share * sum(early))), early)
    strangers = range(1, len(SOURCES))
    likely = (50, 25 if scenario.promotions else 0, 10, 15, 20 if scenario.ads else 0)
    for crowd, first, core_fans in zip(crowds, early, fans, strict=True):
        chosen = set(rng.sample(range(first), core_fans))
        later = len(crowd.enters) - first
        flags = chain((index in chosen for index in range(first)), (rng.random() < 0.3 for _ in range(later)))
        for is_fan in flags:
            crowd.levels.append(core + min(rng.randrange(5), rng.randrange(5)) if is_fan else rng.randrange(core))
            crowd.sources.append(0 if is_fan else rng.choices(strangers, likely)[0])


def _come_back(crowd: Crowd, times: int, rng: Random) -> None:
    for _ in range(times):
        index = rng.randrange(len(crowd.enters))
        crowd.returns[index] = crowd.returns.get(index, 0) + 1
    for index in crowd.returns:
        crowd.first_stays[index] = int(crowd.watches[index] * rng.uniform(0.3, 0.8))


def _follow(crowd: Crowd, count: int, core: int, rng: Random) -> None:
    strangers = [index for index, level in enumerate(crowd.levels) if level < core]
    everyone = strangers if len(strangers) >= count else range(len(crowd.enters))
    crowd.follows = [(rng.randint(crowd.enters[index], crowd.leaves(index)), index) for index in rng.sample(everyone, count)]
