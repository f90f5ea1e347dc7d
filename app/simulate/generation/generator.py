"""Generator: turns a scenario and a seed into CloudEvents, minute by minute.

In: a scenario, a seed, optionally rooms and a start time. Out: events sorted by time; the same input gives the same events.
Never here: I/O, clocks, global randomness. The audience and the purchases are in memory, the list of events is not.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import pairwise
from random import Random
from typing import Any
from urllib.parse import quote

from app.simulate.generation import background_activity, schedule, traffic
from app.simulate.generation.audience import ADS, SOURCES, Crowd, gather
from app.simulate.generation.planned_events import ACTION, ARRIVAL, Data, Planned, Planner
from app.simulate.generation.purchases import Purchases
from app.simulate.generation.timeline import SLICE_MS, plan
from app.simulate.scenario.scenario import Scenario

CloudEvent = dict[str, Any]
Visits = tuple[tuple[int, int], ...]
SLICES_PER_MINUTE = 60_000 // SLICE_MS


def rooms(scenario: Scenario) -> dict[str, str]:
    """Return the room of each platform; default: the scenario's name."""
    return {name: platform.room or f"simulated-{scenario.name}" for name, platform in scenario.platforms.items()}


def generate(
    scenario: Scenario, seed: int = 0, *, in_rooms: Mapping[str, str] | None = None, starts_at: datetime | None = None
) -> list[CloudEvent]:
    """Return all events of the session, sorted by time."""
    return [event for minute in minutes(scenario, seed, in_rooms=in_rooms, starts_at=starts_at) for event in minute]


def minutes(
    scenario: Scenario, seed: int = 0, *, in_rooms: Mapping[str, str] | None = None, starts_at: datetime | None = None
) -> Iterator[list[CloudEvent]]:
    """Return the events of each minute of the broadcast, then those after it (refunds, parcels, late answers).

    `in_rooms` maps platforms to rooms, `starts_at` (aware) moves the session in time; totals and ids do not depend on them.
    """
    return _Play(scenario, seed, in_rooms or rooms(scenario), starts_at or scenario.session.starts_at).minutes()


class _Play:
    def __init__(self, scenario: Scenario, seed: int, in_rooms: Mapping[str, str], starts_at: datetime) -> None:
        # One random generator per concern, so that more likes do not change purchases. Text seeds do not depend on hash().
        def rng(concern: str) -> Random:
            return Random(f"{seed}/{concern}")  # noqa: S311  (a simulation, not a secret)

        sold_out = {i for i, p in enumerate(scenario.products) if p.units and scenario.stock(p) == p.units}
        self.timeline = plan(scenario.duration_ms, len(scenario.products), sold_out, rng("timeline"))
        self.crowds = gather(scenario, self.timeline, rng("audience"))
        planner = Planner()
        purchases = Purchases(scenario, self.timeline, self.crowds, planner, rng("purchases"))
        purchases.lay()
        schedule.lay(scenario, self.timeline, self.crowds, planner, rng("programme"))
        traffic.lay(scenario, self.timeline, self.crowds, planner)
        self.series = background_activity.series(scenario, self.timeline, self.crowds, purchases.clicks, rng("series"))
        self.planner = planner
        self.names = [product.name for product in scenario.products] or ["これ"]
        self.stock = {product.product: scenario.stock(product) for product in scenario.products}
        self.rng = rng("play")
        self.starts_at = starts_at.astimezone(UTC)
        self.source = f"urn:tallylight:simulate:{quote(scenario.name, safe='')}:{seed}"
        self.subjects = [f"{crowd.platform}:{in_rooms[crowd.platform]}" for crowd in self.crowds]
        self.present = [_Present(crowd) for crowd in self.crowds]
        self.core = scenario.audience.core_fan_level
        self.tells_paid = bool(scenario.ads)
        self.departures: list[tuple[int, int, int, int, int, Visits]] = []
        self.arrived = [0] * len(self.crowds)
        self.count = 0
        self.out: list[CloudEvent] = []

    def minutes(self) -> Iterator[list[CloudEvent]]:
        slices = self.timeline.slices
        buckets: list[list[Planned]] = [[] for _ in range(slices)]
        late: list[Planned] = []
        for item in self.planner.planned:
            if item.at > self.timeline.duration:
                late.append(item)
            else:
                buckets[min(item.at // SLICE_MS, slices - 1)].append(item)
        self.planner.planned = []
        for part in range(slices):
            self._slice(part, buckets[part], last=part == slices - 1)
            buckets[part] = []
            if (part + 1) % SLICES_PER_MINUTE == 0 or part == slices - 1:
                yield self._taken()
        for item in sorted(late):
            self._emit(item.at, item.crowd, item.type, item.data)
        if self.out:
            yield self._taken()

    def _taken(self) -> list[CloudEvent]:
        taken, self.out = self.out, []
        return taken

    def _slice(self, part: int, items: list[Planned], *, last: bool) -> None:
        serial = self.planner.next_serial
        for crowd, people in enumerate(self.crowds):
            at = self.arrived[crowd]
            while at < len(people.enters) and (last or people.enters[at] < (part + 1) * SLICE_MS):
                items.append(Planned(people.enters[at], ARRIVAL, serial(), crowd, "live.viewer.entered", {}, at))
                at += 1
            self.arrived[crowd] = at
        for one in self.series:
            if one.per_slice[part]:
                for data in one.data(part, self.names, self.rng):
                    moment = self.timeline.moment(self.rng, part)
                    items.append(Planned(moment, ACTION, serial(), one.crowd, one.type, data, needs_viewer=True))
        items.sort()
        for item in items:
            # The broadcast ends after the last viewer leaves.
            self._depart(item.at + (1 if item.type == "live.session.ended" else 0))
            self._play(item)
        if not last:
            self._depart((part + 1) * SLICE_MS)

    def _play(self, item: Planned) -> None:
        if item.viewer is not None:
            self._enter(item.at, item.crowd, item.viewer, self._visits(item.crowd, item.viewer))
            return
        if item.needs_viewer:
            item.data["viewer"] = self.crowds[item.crowd].viewer(self.present[item.crowd].anyone(self.rng))
        self._emit(item.at, item.crowd, item.type, item.data)
        if item.type == "live.order.paid":
            for line in item.data["lines"]:
                if line["product"] in self.stock:
                    self.stock[line["product"]] -= line["quantity"]
                    data = {"product": line["product"], "stock": self.stock[line["product"]]}
                    # All platforms sell from one stock, so one platform reports it: reports of several would add up.
                    self._emit(item.at, 0, "live.stock.changed", data)

    def _visits(self, crowd: int, viewer: int) -> Visits:
        people = self.crowds[crowd]
        watch = people.watches[viewer]
        times = people.returns.get(viewer, 0)
        if not times:
            return ((0, watch),)
        first = people.first_stays[viewer]
        # The pause is short enough that the remaining watch time fits into the broadcast.
        slack = self.timeline.duration - people.enters[viewer] - watch
        away = int(min(slack, 300_000 * times) * self.rng.random()) // times
        cuts = [0, *sorted(self.rng.randint(0, watch - first) for _ in range(times - 1)), watch - first]
        return ((0, first), *((away, ends - begins) for begins, ends in pairwise(cuts)))

    def _enter(self, at: int, crowd: int, viewer: int, visits: Visits) -> None:
        people = self.crowds[crowd]
        level = people.levels[viewer]
        data: Data = {"viewer": people.viewer(viewer), "source": SOURCES[people.sources[viewer]], "fan_level": level}
        if self.tells_paid:
            data["paid"] = data["source"] == ADS
        if level >= self.core:
            data["follower"] = True
        self._emit(at, crowd, "live.viewer.entered", data)
        self.present[crowd].enter(viewer)
        (_, stays), rest = visits[0], visits[1:]
        heappush(self.departures, (at + stays, self.planner.next_serial(), crowd, viewer, stays, rest))

    def _depart(self, until: int) -> None:
        """Emit departures and returns before `until`."""
        waiting = self.departures
        while waiting and waiting[0][0] < until:
            at, _, crowd, viewer, stayed, rest = heappop(waiting)
            if stayed < 0:
                self._enter(at, crowd, viewer, rest)
                continue
            seconds = stayed // 1000 if stayed % 1000 == 0 else stayed / 1000
            self._emit(at, crowd, "live.viewer.left", {"viewer": self.crowds[crowd].viewer(viewer), "watched_seconds": seconds})
            self.present[crowd].leave(viewer)
            if rest:
                heappush(waiting, (at + rest[0][0], self.planner.next_serial(), crowd, viewer, -1, rest))

    def _emit(self, at: int, crowd: int, type: str, data: Data) -> None:
        self.count += 1
        moment = self.starts_at + timedelta(milliseconds=at)
        self.out.append(
            {
                "specversion": "1.0",
                "id": str(self.count),
                "source": self.source,
                "type": type,
                "subject": self.subjects[crowd],
                "time": moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z",
                "data": data,
            }
        )


class _Present:
    """Viewers in the room; picking, entering and leaving take constant time."""

    def __init__(self, crowd: Crowd) -> None:
        self._size = len(crowd.enters)
        self._here: list[int] = []
        self._place: dict[int, int] = {}
        self._last = 0

    def enter(self, viewer: int) -> None:
        self._place[viewer] = len(self._here)
        self._here.append(viewer)
        self._last = viewer

    def leave(self, viewer: int) -> None:
        place = self._place.pop(viewer)
        last = self._here.pop()
        if last != viewer:
            self._here[place] = last
            self._place[last] = place

    def anyone(self, rng: Random) -> int:
        """Return a viewer who is present, or the last one if the room is empty."""
        return self._here[rng.randrange(len(self._here))] if self._here else self._last
