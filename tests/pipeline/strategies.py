"""Strategies of random telemetry: few persons, orders and times, so that collisions are frequent.

In: hypothesis. Out: lists of CloudEvents with unique identities. Never here: their meaning.
"""

from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

from hypothesis import strategies as st

Event = dict[str, Any]

START = datetime(2021, 9, 25, 5, 0, tzinfo=UTC)
"""14:00 in Tokyo."""
ROOMS = ("wechat:a", "wechat:b", "weibo:c")
CODES = ("knit-01", "skirt-02", "bag-03")
ALIASES = {"10000387": "knit-01"}

_SECONDS = (0, 1, 30, 59, 59.999999, 60, 60.5, 150, 299, 300, 600, 3000, 3500.25)
_OFFSETS = (timedelta(0), timedelta(hours=8), timedelta(hours=9), timedelta(hours=-3, minutes=-30))

_people = st.sampled_from(("o9hHn5apfwHL", "o9hHn5bqgxIM", "観客三", "v4"))
_products = st.sampled_from((*CODES, *ALIASES))
_orders = st.sampled_from(("3705115058471208928", "order-2", "order/3", "4"))
_counts = st.sampled_from((0, 1, 1, 2, 7, 10**12))
_totals = st.sampled_from((0, 3, 50, 1280, 18052, 10**12))
_amounts = st.sampled_from(("0", "0.01", "19.90", "1099.00", "55977.23", "1056.1", "9999999999999.99"))
_some_money = st.sampled_from(("0.01", "19.90", "1099.00"))
_seconds = st.sampled_from((0, 0.5, 12.345, 180, 180.001, 8640))
_pieces: dict[str, st.SearchStrategy[Any]] = {"product": _products, "quantity": st.sampled_from((0, 1, 2))}
_gift: dict[str, st.SearchStrategy[Any]] = {"gift": st.booleans()}
_lines = st.lists(
    st.fixed_dictionaries(_pieces | {"amount": _amounts}, optional=_gift | {"unit_price": _amounts})
    | st.fixed_dictionaries(_pieces | {"unit_price": _amounts}, optional=_gift),
    max_size=3,
)
_purchase: dict[str, st.SearchStrategy[Any]] = {
    "order": _orders,
    "currency": st.just("CNY"),
    "amount": _amounts,
    "lines": _lines,
}

_refunds = st.sampled_from(("0", "0.01", "19.90", "1099.00"))
_refund_lines = st.lists(st.fixed_dictionaries({"product": _products, "quantity": st.just(1), "amount": _refunds}), max_size=2)


def _data(required: dict[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Event]:
    return st.fixed_dictionaries(required, optional=optional)


DATA: dict[str, st.SearchStrategy[Event]] = {
    "session.started": _data({}),
    "session.ended": _data({}),
    "viewer.entered": _data(
        {"viewer": _people},
        source=st.sampled_from(("fans", "search")),
        paid=st.booleans(),
        fan_level=st.sampled_from((0, 3, 4)),
        follower=st.booleans(),
    ),
    "viewer.left": _data({"viewer": _people}, watched_seconds=_seconds),
    "audience.sampled": _data(
        {}, concurrent=_totals, viewers_total=_totals, views_total=_totals, impressions_total=_totals, likes_total=_totals,
        comments_total=_totals, shares_total=_totals, followers_total=_totals, average_watch_seconds=_seconds,
        orders_total=_totals, buyers_total=_totals, units_total=_totals, gmv_total=_amounts, replay_views_total=_totals,
        product_viewers_total=_totals, clickers_total=_totals,
    ),
    "source.sampled": _data(
        {"source": st.sampled_from(("natural", "ads"))}, paid=st.booleans(),
        viewers_total=_totals, orders_total=_totals, buyers_total=_totals, gmv_total=_amounts,
    ),
    "ad.sampled": _data(
        {"campaign": st.sampled_from(("c1", "秋の新作")), "spend_total": _amounts},
        impressions_total=_totals, clicks_total=_totals, gmv_total=_amounts, currency=st.sampled_from(("CNY", "USD")),
    ),
    "benchmark.sampled": _data(
        {"kpi": st.just("engagement_rate"), "indicator": st.just("index"), "percentile": st.sampled_from((0, 20, 99.5))},
        value=st.sampled_from((0, 0.0061)), recent_minutes=st.just(10), recent_percentile=st.just(40),
    ),
    "comment.posted": _data({"viewer": _people}, text=st.sampled_from(("", "好看", "いくらですか"))),
    "like.sent": _data({}, viewer=_people, count=_counts),
    "share.sent": _data({}, viewer=_people),
    "follow.gained": _data({"viewer": _people}),
    "gift.sent": _data({"gift": st.just("rocket")}, viewer=_people, count=_counts),
    "product.showcased": _data({"product": _products}),
    "product.withdrawn": _data({"product": _products}),
    "product.clicked": _data({"product": _products}, viewer=_people, count=_counts),
    "product.displayed": _data({"product": _products}, viewer=_people, count=_counts),
    "product.sampled": _data(
        {"product": _products}, impressions_total=_totals, clicks_total=_totals, buyers_total=_totals, orders_total=_totals,
        units_total=_totals, gmv_total=_amounts, stock=_totals, viewers_total=_totals, clickers_total=_totals,
    ),
    "stock.changed": _data({"product": _products, "stock": _totals}),
    "order.placed": _data(_purchase, buyer=_people),
    "order.paid": _data(_purchase, buyer=_people),
    "order.cancelled": _data({"order": _orders}),
    "order.refunded": _data(
        {"order": _orders, "amount": _refunds},
        refund=st.sampled_from(("r1", "r2")), refunded_total=_refunds, lines=_refund_lines,
    ) | _data({"order": _orders, "refunded_total": _refunds}, lines=_refund_lines),
    "order.shipped": _data({"order": _orders}, carrier=st.sampled_from(("EMS", "SF")), tracking=st.sampled_from(("1", "2"))),
    "order.delivered": _data({"order": _orders}),
    "order.settled": _data(
        {"order": _orders}, settlement=st.just("s1"), currency=st.just("CNY"), amount=st.sampled_from(("12.34", "-0.50")),
        fees=st.lists(st.fixed_dictionaries({"kind": st.just("commission"), "amount": st.just("1.20")}), max_size=2),
    ),
    "funds.moved": _data(
        {"flow": st.sampled_from(("f1", "f2")), "direction": st.sampled_from(("in", "out")), "amount": _some_money},
        kind=st.just("order"), order=_orders, refund=st.just("r1"), balance=st.just("-3.00"), currency=st.just("CNY"),
    ),
    "host.changed": _data({"host": st.sampled_from(("小林", "王"))}),
    "mark.set": _data(
        {"label": st.sampled_from(("coupon", "note"))},
        text=st.sampled_from(("", "クーポン配布")), until=st.just("2021-09-25T14:10:00+09:00"),
    ),
    "support.requested": _data({"ticket": st.sampled_from(("t1", "t2"))}, viewer=_people),
    "support.answered": _data({"ticket": st.sampled_from(("t1", "t2"))}, response_seconds=_seconds),
    "promotion.measured": _data(
        {"promotion": st.just("https://weibo.com/tv/show/1034:4685")},
        views_total=_totals,
        engagements_total=_totals,
        clicks_total=_totals,
    ),
}  # fmt: skip
"""Every event type without its `live.` → its data."""


def _moments(seconds: list[float]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda second, offset: (START + timedelta(seconds=second)).astimezone(timezone(offset)).isoformat(),
        st.sampled_from(seconds),
        st.sampled_from(_OFFSETS),
    )


_CLOCK = {"session.started", "session.ended"}
_OFTEN = ("order.paid", "order.paid", "viewer.entered", "viewer.entered", "order.refunded", "order.shipped")


stirs = st.integers(0, 2**32).map(Random)
"""A source of randomness for shuffling and splitting: a seed, so that a failure has a short description."""


def event(number: int, kind: str, subject: str, moment: str, data: Event) -> Event:
    """Return a CloudEvent; its number is its identity."""
    return {
        "specversion": "1.0",
        "id": f"{number}",
        "source": "//tool.example/obs",
        "type": f"live.{kind}",
        "subject": subject,
        "time": moment,
        "data": data,
    }


@st.composite
def telemetry(draw: st.DrawFn, *subjects: str, max_size: int = 60) -> list[Event]:
    """Return lists of events of these subjects; only rooms go on and off air.

    Each list is about a few event types at a few moments, since a fault hides where everything happens at once: two
    claims of one member at one moment must be likely, not possible.
    """
    rooms = [subject for subject in subjects if ":" in subject]
    kinds = draw(st.lists(st.sampled_from((*DATA, *_OFTEN)), min_size=1, max_size=8))
    seconds = draw(st.lists(st.sampled_from(_SECONDS), min_size=1, max_size=5))

    # Made once: to make a strategy takes longer than to draw from it.
    somewhere, on_air, moments = st.sampled_from(subjects), st.sampled_from(rooms), _moments(seconds)
    of = {
        kind: st.tuples(st.just(kind), on_air if kind in _CLOCK else somewhere, moments, DATA[kind])
        for kind in dict.fromkeys(kinds)
    }
    # Left to itself, hypothesis would make lists of about five.
    size = draw(st.integers(0, max_size))
    found = draw(st.lists(st.sampled_from(kinds).flatmap(of.__getitem__), min_size=size, max_size=size))
    return [event(number, *parts) for number, parts in enumerate(found)]


def stirred(events: list[Event], random: Random) -> list[Event]:
    """Return the events in another order, some of them twice or three times."""
    more = [*events, *(one for one in events for _ in range(random.choice((0, 0, 1, 2))))]
    random.shuffle(more)
    return more


def split(events: list[Event], random: Random) -> list[list[Event]]:
    """Return the events as batches of random sizes."""
    batches = []
    rest = list(events)
    while rest:
        size = random.choice((1, 2, 5, 20, 100))
        batches.append(rest[:size])
        rest = rest[size:]
    return batches


def busy_show(random: Random, *subjects: str, size: int) -> list[Event]:  # noqa: C901 - a case per kind of event
    """Return the telemetry of a busy show without hypothesis, where thousands of events are wanted.

    Hundreds of viewers and orders, each named several times, so that what arrives late takes from what came before.
    """

    def moment() -> str:
        return (START + timedelta(milliseconds=random.randrange(7_200_000))).isoformat()

    def product() -> str:
        return random.choice(CODES)

    def amount() -> str:
        return f"{random.randrange(1, 200_000) / 100:.2f}"

    def data(kind: str) -> Event:  # noqa: PLR0911
        viewer = f"viewer-{random.randrange(size // 8 + 1)}"
        order = f"order-{random.randrange(size // 20 + 1)}"
        match kind:
            case "viewer.entered":
                return {"viewer": viewer, "source": random.choice(("fans", "search")), "fan_level": random.randrange(6)}
            case "comment.posted" | "follow.gained":
                return {"viewer": viewer}
            case "like.sent":
                return {"viewer": viewer, "count": random.randrange(20)}
            case "product.clicked":
                return {"viewer": viewer, "product": product()}
            case "order.paid":
                lines = [{"product": product(), "quantity": 1 + random.randrange(3), "amount": amount()} for _ in range(2)]
                return {"order": order, "buyer": viewer, "currency": "CNY", "amount": amount(), "lines": lines}
            case "order.refunded":
                return {"order": order, "amount": amount()}
            case "audience.sampled":
                return {"concurrent": random.randrange(1500)}
            case _:
                return {"order": order}

    kinds = (
        *("viewer.entered",) * 6, *("comment.posted",) * 2, *("like.sent",) * 3, "follow.gained", *("product.clicked",) * 3,
        *("order.paid",) * 3, "order.refunded", "order.shipped", "audience.sampled",
    )  # fmt: skip
    return [event(number, kind := random.choice(kinds), random.choice(subjects), moment(), data(kind)) for number in range(size)]
