"""Background activity of an audience: comments, likes, shares, gifts, clicks without a purchase.

In: a scenario, its timeline and crowds. Out: per series the number in each slice, and the data of one slice on demand,
so that a million events need no memory. Never here: the acting viewer; the generator picks one who is present.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from app.simulate.generation.audience import Crowd
from app.simulate.generation.baskets import outside_clicks, outside_codes
from app.simulate.generation.planned_events import Data
from app.simulate.generation.timeline import Timeline, interest
from app.simulate.scenario.apportion import apportion
from app.simulate.scenario.platform_split import split
from app.simulate.scenario.scenario import Scenario

_GIFTS = ("rose", "heart", "rocket")
_COMMENTS = (
    "多少钱",
    "有优惠吗",
    "好看",
    "160能穿吗",
    "什么时候发货",
    "还有货吗",
    "{}还有吗",
    "{}有别的颜色吗",
    "{}可以再看一下吗",
    "客服怎么不回",
    "模特穿的什么码",
    "160的模特好好看",
    "160cmのモデルさん素敵",
    "かわいい",
)


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of activity on one platform; `product` only for clicks."""

    crowd: int
    type: str
    per_slice: list[int]
    product: str | None = None

    def data(self, part: int, names: list[str], rng: Random) -> Iterator[Data]:
        """Return the data of the events of one slice; their counts add up to `per_slice`."""
        left = self.per_slice[part]
        while left:
            if self.type == "live.like.sent":
                # Viewers tap in bursts, and platforms report bursts.
                burst = min(left, rng.randint(1, 8))
                left -= burst
                yield {"count": burst}
                continue
            left -= 1
            if self.type == "live.product.clicked":
                yield {"product": self.product}
            elif self.type == "live.gift.sent":
                yield {"gift": rng.choice(_GIFTS)}
            elif self.type == "live.comment.posted":
                yield {"text": rng.choice(_COMMENTS).format(rng.choice(names))}
            else:
                yield {}


def series(scenario: Scenario, timeline: Timeline, crowds: list[Crowd], bought: Counter[str], rng: Random) -> list[Series]:
    """Return all series; `bought` holds the clicks per product that belong to purchases."""
    found = []
    weights = [len(crowd.enters) for crowd in crowds]
    presence = [crowd.presence(timeline.slices) for crowd in crowds]
    # `interest` leaves out the first slice; lively and quiet slices alternate.
    lively = [[count * rng.randrange(60, 141) for count in here] for here in presence]
    mood = [interest(timeline, None, here, on_air=1, trailing=1, idle=1) for here in lively]
    for name, kind in (("comments", "comment.posted"), ("likes", "like.sent"), ("shares", "share.sent"), ("gifts", "gift.sent")):
        parts = split(scenario, name)
        for index, crowd in enumerate(crowds):
            found.append(Series(index, f"live.{kind}", _spread(parts[crowd.platform], mood[index])))
    codes = outside_codes(scenario)
    outside = sum(bought[code] for code in codes)
    left = {product.product: scenario.clicks(product) - bought[product.product] for product in scenario.products}
    left |= zip(codes, apportion(max(0, outside_clicks(scenario) - outside), [1] * len(codes)), strict=True)
    for place, (code, clicks) in enumerate(left.items()):
        product = place if place < len(scenario.products) else None
        for index, part in enumerate(apportion(clicks, weights)):
            wanted = interest(timeline, product, presence[index], on_air=20, trailing=6, idle=1)
            found.append(Series(index, "live.product.clicked", _spread(part, wanted), code))
    return found


def _spread(total: int, weights: list[int]) -> list[int]:
    if not any(weights):
        # If no viewer is present at the edges of the slices, use all slices after the first.
        weights = [0] + [1] * (len(weights) - 1)
    return apportion(total, weights)
