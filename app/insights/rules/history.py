"""Spend and audience reaction, compared with the brand's earlier sessions.

In: a session's KPIs and those of the sessions before it. Out: findings. Never here: other brands, money across currencies.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from uuid import UUID

from app.insights.evidence import Evidence
from app.insights.finding import ACTION, PICTURE, Finding, Section, capped, path_of
from app.insights.message_format import MessageFormatter
from app.kpis.comparison.comparison import comparable, shown
from app.kpis.comparison.percentile import exact, percentile_rank
from app.kpis.documents.render import plain
from app.kpis.evaluation.evaluate import Evaluation
from app.kpis.evaluation.metrics import BY_SLUG
from app.kpis.evaluation.rounding import digits_of, fixed, half_up, number
from app.labels.catalogue import label

METRICS: tuple[tuple[str, Section, str, int], ...] = (
    ("spend_per_buyer", "ec", "buyers", 20),
    ("units_per_buyer", "ec", "buyers", 20),
    ("conversion_rate", "ec", "viewers", 500),
    ("click_to_order_rate", "ec", "clickers", 100),
    ("net_roi", "ec", "buyers", 20),
    ("follow_rate", "ec", "viewers", 500),
    ("average_watch_seconds", "live", "viewers", 100),
    ("engagement_rate", "live", "viewers", 500),
)
"""(KPI, section, the people it is an average of, the fewest of them)."""
ENOUGH_EARLIER = 3
"""The fewest earlier sessions."""
HIGH, LOW = 75, 25
"""The percentiles of the best and the worst quarter of the brand's sessions."""
DIFFERENT = Fraction(1, 10)
"""The smallest difference from the median."""

_HOUR_US = 3_600_000_000
_SHORTEST_US = _HOUR_US // 3


def spend_against_history(evidence: Evidence) -> Iterable[Finding]:
    """Find figures that differ from the brand's earlier sessions; none while the session is live."""
    if evidence.live:
        return
    evaluation = evidence.evaluation
    total, head = evaluation.total, evaluation.head
    for slug, section, people, enough in METRICS:
        metric = BY_SLUG[slug]
        value = exact(total[slug])
        peers = [exact(other.total[slug]) for other in evidence.earlier if comparable(metric, evaluation, other)]
        among = percentile_rank(value, peers)
        if value is None or not among.median or among.percentile is None or among.known < ENOUGH_EARLIER:
            continue
        off = abs(value / among.median - 1)
        if total[people][0] < enough or LOW < among.percentile < HIGH or off < DIFFERENT:
            continue
        high = value > among.median
        beaten = sum((peer < value) if high else (peer > value) for peer in peers if peer is not None)
        middle = (among.median.numerator, among.median.denominator, "derived")
        wording = ("high" if high else "low") + ("est" if beaten == among.known else "")

        def words(
            say: MessageFormatter,
            slug: str = slug,
            middle: tuple[int, int, str] = middle,
            beaten: int = beaten,
            count: int = among.known,
        ) -> dict[str, str]:
            return {
                "label": label(f"metric.{slug}", say.language),
                "value": say.figure(slug, total[slug]),
                "median": say.figure(slug, middle),
                "count": say.count(count),
                "beaten": say.count(beaten),
            }

        yield Finding(
            "spend_against_history",
            section,
            f"spend_against_history.{wording}",
            words,
            {
                "metric": slug,
                "value": plain(total[slug], metric.unit, digits_of(head.currency)),
                "median": shown(among.median, metric, evaluation),
                "percentile": number(among.percentile.numerator, among.percentile.denominator),
                "earlier": among.known,
            },
            [f"/v1/brands/{head.brand}/history?session={head.id}&kind={head.kind}&limit=1"],
            (PICTURE if high else ACTION) * capped(off.numerator, off.denominator),
            slug,
        )


def pace(evidence: Evidence) -> Iterable[Finding]:
    """Find whether the host presented products slower or faster than in the brand's earlier sessions."""
    value = None if evidence.live else _per_hour(evidence.evaluation, evidence.shown)
    paced = [(one, _per_hour(one, evidence.shown)) for one in evidence.earlier]
    known = [(one, peer) for one, peer in paced if peer is not None]
    among = percentile_rank(value, [peer for _, peer in known])
    if value is None or among.median is None or among.percentile is None or among.known < ENOUGH_EARLIER:
        return
    off = abs(value / among.median - 1)
    if LOW < among.percentile < HIGH or off < DIFFERENT:
        return
    middle = among.median
    yield Finding(
        "spend_against_history",
        "live",
        "spend_against_history." + ("slower" if value < middle else "faster"),
        lambda say: {"value": _tenths(value), "median": _tenths(middle), "count": say.count(among.known)},
        {
            "metric": "products_per_hour",
            "value": number(value.numerator, value.denominator),
            "median": number(middle.numerator, middle.denominator),
            "percentile": number(among.percentile.numerator, among.percentile.denominator),
            "earlier": among.known,
        },
        [
            f"/v1/brands/{evidence.evaluation.head.brand}/history?session={evidence.session}&limit={among.known + 1}",
            *(path_of(one.head.id, "showcases") for one in (evidence.evaluation, *(one for one, _ in known))),
        ],
        PICTURE * capped(off.numerator, off.denominator),
        "products_per_hour",
    )


def _per_hour(one: Evaluation, shown: Mapping[UUID, int]) -> Fraction | None:
    """Return the products on air per hour; None for fewer than two products, or a broadcast that is too short."""
    products = shown.get(one.head.id, 0)
    if products < 2 or one.duration_us is None or one.duration_us < _SHORTEST_US:
        return None
    return Fraction(products * _HOUR_US, one.duration_us)


def _tenths(value: Fraction) -> str:
    return fixed(half_up(value.numerator * 10, value.denominator), 1)
