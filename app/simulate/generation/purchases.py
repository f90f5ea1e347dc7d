"""Times of purchases: plans the orders on the timeline, with clicks before them and refunds and parcels after them.

In: baskets, crowds, the timeline. Out: planned events, and the number of clicks that they use per product.
Never here: sums; `baskets` decides them.
"""

from collections import Counter
from random import Random

from app.simulate.generation.audience import Crowd
from app.simulate.generation.baskets import Line, Order, fill
from app.simulate.generation.planned_events import PAID, PLACED, Planner
from app.simulate.generation.timeline import TRAILING_MS, Timeline, draw, interest
from app.simulate.scenario.platform_split import split
from app.simulate.scenario.scenario import Scenario

HOUR_MS = 3_600_000


def major(amount: int, digits: int) -> str:
    """Return minor units as a decimal string in major units.

    >>> major(5597723, 2), major(5, 2), major(1200, 0)
    ('55977.23', '0.05', '1200')
    """
    if not digits:
        return str(amount)
    text = str(amount).rjust(digits + 1, "0")
    return f"{text[:-digits]}.{text[-digits:]}"


class Purchases:
    """Plans the orders of one scenario on its timeline."""

    def __init__(self, scenario: Scenario, timeline: Timeline, crowds: list[Crowd], planner: Planner, rng: Random) -> None:
        """Prepare; `lay` plans the orders."""
        self._scenario, self._timeline, self._crowds, self._planner, self._rng = scenario, timeline, crowds, planner, rng
        self._presence = [crowd.presence(timeline.slices) for crowd in crowds]
        self._listed = {product.product: index for index, product in enumerate(scenario.products)}
        self._sells_out = {p.product for p in scenario.products if p.units and scenario.stock(p) == p.units}
        self._weights: dict[tuple[int, str], list[int]] = {}
        self._taken: list[set[int]] = [set() for _ in crowds]
        self._paid: list[tuple[int, int, str, Order]] = []
        self.clicks: Counter[str] = Counter()
        """Clicks that belong to orders, per product."""
        self._clickable = {product.product: scenario.clicks(product) for product in scenario.products}

    def lay(self) -> None:
        """Plan all orders, with clicks, refunds, parcels, and orders that are cancelled unpaid."""
        baskets = fill(self._scenario, self._rng)
        self._rng.shuffle(baskets)
        buyers = split(self._scenario, "buyers")
        which = [crowd for crowd, part in enumerate(buyers.values()) for _ in range(part)]
        for crowd, orders in zip(which, baskets, strict=True):
            self._buy(crowd, orders)
        self._refund()
        self._ship()
        self._cancel()

    def _buy(self, crowd: int, orders: list[Order]) -> None:
        viewer, moment = self._buyer(crowd, [line.product for order in orders for line in order])
        people = self._crowds[crowd]
        for number, order in enumerate(orders):
            if number:
                moment = min(moment + self._rng.randrange(15_000, 120_000), max(moment, people.leaves(viewer)))
            name = f"{people.platform}-order-{len(self._paid) + 1:06d}"
            for line in order:
                self._click(crowd, viewer, line.product, max(people.enters[viewer], moment - self._rng.randrange(3000, 45_000)))
            placed = self._document(name, people.viewer(viewer), order)
            self._planner.add(moment, crowd, "live.order.placed", placed, PLACED)
            paid_at = min(moment + self._rng.randrange(2000, 30_000), self._timeline.duration)
            self._planner.add(paid_at, crowd, "live.order.paid", dict(placed), PAID)
            self._paid.append((paid_at, crowd, name, order))

    def _buyer(self, crowd: int, products: list[str]) -> tuple[int, int]:
        # The main product of a basket decides its time; products that sell out are bought early.
        main = next((code for code in products if code in self._sells_out), products[0])
        people, taken = self._crowds[crowd], self._taken[crowd]
        weights = self._when(crowd, main)
        if any(weights):
            for part in draw(self._rng, weights, 5):
                moment = self._timeline.moment(self._rng, part)
                viewer = people.present_at(moment, self._rng, taken)
                if viewer is not None:
                    taken.add(viewer)
                    return viewer, moment
        # A small room: any viewer without a purchase, at a random time of their visit.
        viewer = self._rng.choice([index for index in range(len(people.enters)) if index not in taken])
        taken.add(viewer)
        return viewer, self._rng.randint(people.enters[viewer], people.leaves(viewer))

    def _when(self, crowd: int, code: str) -> list[int]:
        if (crowd, code) not in self._weights:
            product = self._listed.get(code)
            weights = interest(self._timeline, product, self._presence[crowd], on_air=40, trailing=12, idle=1)
            windows = [] if product is None else self._timeline.windows_of(product)
            if code in self._sells_out and windows:
                until = windows[0].ends + TRAILING_MS // 2
                weights = [weight if windows[0].begins <= part * 10_000 < until else 0 for part, weight in enumerate(weights)]
            self._weights[crowd, code] = weights
        return self._weights[crowd, code]

    def _click(self, crowd: int, viewer: int, product: str, at: int) -> None:
        if product in self._clickable and self.clicks[product] >= self._clickable[product]:
            return
        self.clicks[product] += 1
        data = {"viewer": self._crowds[crowd].viewer(viewer), "product": product}
        self._planner.add(at, crowd, "live.product.clicked", data)

    def _document(self, name: str, buyer: str, order: Order) -> dict[str, object]:
        digits = self._scenario.digits
        return {
            "order": name,
            "buyer": buyer,
            "currency": self._scenario.session.currency,
            "amount": major(sum(line.amount for line in order), digits),
            "lines": [
                {"product": line.product, "quantity": line.quantity, "amount": major(line.amount, digits)} for line in order
            ],
        }

    def _refund(self) -> None:
        for _, crowd, name, order in self._rng.sample(self._paid, self._scenario.kpis.refunded_orders):
            at = self._timeline.duration + self._rng.randrange(60_000, 600_000)
            amount = major(sum(line.amount for line in order), self._scenario.digits)
            lines = self._document(name, "", order)["lines"]
            data = {"order": name, "refund": f"{name}-refund", "amount": amount, "lines": lines}
            self._planner.add(at, crowd, "live.order.refunded", data)

    def _ship(self) -> None:
        hours = self._scenario.ship_after_hours
        for number, (paid_at, crowd, name, _) in enumerate(self._paid if hours is not None else ()):
            at = paid_at + int((hours or 0) * HOUR_MS) * self._rng.randrange(60, 141) // 100
            at = max(at, self._timeline.duration + 1)
            data = {"order": name, "carrier": "SF Express", "tracking": f"SF{number + 1:012d}"}
            self._planner.add(at, crowd, "live.order.shipped", data)

    def _cancel(self) -> None:
        present = [index for index, crowd in enumerate(self._crowds) if len(crowd.enters)]
        for number in range(self._scenario.filled("cancelled_orders")):
            products = [product for product in self._scenario.products if product.units]
            if not products:
                return
            crowd = self._rng.choice(present)
            people = self._crowds[crowd]
            viewer = self._rng.randrange(len(people.enters))
            moment = self._rng.randint(people.enters[viewer], people.leaves(viewer))
            product = self._rng.choice(products)
            line = Line(product.product, 1, self._scenario.money(product.gmv) // product.units)
            name = f"{people.platform}-unpaid-{number + 1:06d}"
            document = self._document(name, people.viewer(viewer), [line])
            self._planner.add(moment, crowd, "live.order.placed", document, PLACED)
            at = moment + self._rng.randrange(120_000, 600_000)
            self._planner.add(at, crowd, "live.order.cancelled", {"order": name}, PLACED)
