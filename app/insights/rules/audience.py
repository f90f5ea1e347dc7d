"""Arrivals over time, the peak of the audience with the product on air, and the largest decline.

In: arrivals and comments by the minute, samples of concurrent viewers, what was on air. Out: findings.
Never here: causes. A finding states which product was on air, not that it was the reason.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from app.insights.evidence import MINUTE, Evidence, Stretch
from app.insights.finding import PICTURE, Finding, capped, path_of
from app.kpis.documents.render import local
from app.kpis.evaluation.rounding import half_up, number
from app.kpis.timeline.timeline import MAX_BUCKETS

SHORTEST, LONGEST = 20, MAX_BUCKETS
"""The minutes of a broadcast: parts of a shorter one cannot be compared, and a longer one has no timeline by minute."""
ENOUGH_ARRIVALS = 100
ENOUGH_COMMENTS = 30
"""With fewer people or comments the distribution is random."""
LEAN = Fraction(3, 5)
"""The share of the busier half: three for every two of the other."""
FADED = Fraction(1, 2)
"""The audience declined if the last quarter has at most half of the viewers of the best one."""
DROP_MINUTES = 10
DROP = Fraction(3, 10)
ENOUGH_LEAVING = 50
"""A decline is reported if 30 % of the viewers and 50 people left within ten minutes."""
MOSTLY = Fraction(1, 2)
"""A product counts as on air in a time range if it was for half of it."""
LEAVING = timedelta(minutes=10)
"""The time before the end in which viewers leave in any case."""


def busier_half(evidence: Evidence) -> Iterable[Finding]:
    """Find the half in which most viewers arrived, and whether most comments were posted in it."""
    course = evidence.course
    if course is None or evidence.live or not SHORTEST <= (course.end - course.begin) // MINUTE <= LONGEST:
        return
    middle = course.begin + MINUTE * ((course.end - course.begin) // MINUTE // 2)
    halves = (Stretch(course.begin, middle), Stretch(middle, course.end))
    arrived = [evidence.counted("viewers", half) for half in halves]
    comments = [evidence.counted("comments", half) for half in halves]
    busy = 0 if arrived[0] >= arrived[1] else 1
    everybody, posted = sum(arrived), sum(comments)
    if everybody < ENOUGH_ARRIVALS or Fraction(arrived[busy], everybody) < LEAN:
        return
    together = posted >= ENOUGH_COMMENTS and Fraction(comments[busy], posted) >= LEAN
    half = ("first", "second")[busy]
    query = {"metrics": "viewers,comments", "step": "1m"}
    yield Finding(
        "audience_over_time",
        "live",
        f"audience_over_time.{half}_half" + ("_and_comments" if together else ""),
        lambda say: {
            "arrivals": say.count(arrived[busy]),
            "share": say.share(arrived[busy], everybody),
            **({"comments": say.count(comments[busy]), "comments_share": say.share(comments[busy], posted)} if together else {}),
        },
        {
            "half": half,
            "from": local(halves[busy].begin, evidence.evaluation.head.time_zone),
            "to": local(halves[busy].end, evidence.evaluation.head.time_zone),
            "arrivals": arrived[busy],
            "arrivals_share": number(arrived[busy], everybody),
            **({"comments": comments[busy], "comments_share": number(comments[busy], posted)} if together else {}),
        },
        [
            path_of(evidence.session, "timeline", **query, from_=halves[busy].begin, to=halves[busy].end),
            path_of(evidence.session, "timeline", **query, from_=course.begin, to=course.end),
        ],
        PICTURE * capped(2 * arrived[busy] - everybody, everybody),
        half,
    )


def audience_peak(evidence: Evidence) -> Iterable[Finding]:
    """Find the peak of the audience, and the product on air."""
    sampled = evidence.sampled()
    course = evidence.course
    if course is None or len(sampled) < SHORTEST:
        return
    at, peak = max(((minute, highest) for minute, _, highest in sampled), key=lambda found: (found[1], -found[0].timestamp()))
    if peak < ENOUGH_LEAVING:
        return
    shown = evidence.on_air(at, at + MINUTE)
    # The time of a sample is a minute, so the product must have been on air for the whole minute.
    product = shown[0] if shown and shown[1] == 1 else None
    average = half_up(sum(last for _, last, _ in sampled), len(sampled))
    yield Finding(
        "audience_over_time",
        "live",
        "audience_over_time.height" + ("_on_air" if product else ""),
        lambda say: {"at": say.clock(at), "peak": say.count(peak)} | ({"product": say.product(product)} if product else {}),
        {
            "at": local(at, evidence.evaluation.head.time_zone),
            "peak_concurrent_viewers": peak,
            **({"product": product} if product else {}),
        },
        [
            path_of(
                evidence.session, "timeline", metrics="peak_concurrent_viewers", step="1m", from_=at, to=at + MINUTE
            ),
            *([path_of(evidence.session, "showcases")] if product else []),
        ],
        PICTURE * capped(peak - average, peak) / 2,
        "height",
    )  # fmt: skip


def audience_decline(evidence: Evidence) -> Iterable[Finding]:
    """Find the quarter with the most viewers, if the last one has at most half of them."""
    course = evidence.course
    if course is None or evidence.live or not SHORTEST <= (course.end - course.begin) // MINUTE <= LONGEST:
        return
    minutes = (course.end - course.begin) // MINUTE
    edges = [course.begin + MINUTE * (minutes * part // 4) for part in range(5)]
    sampled = evidence.sampled()
    averages: list[Fraction] = []
    for begin, end in pairwise(edges):
        found = [last for minute, last, _ in sampled if begin <= minute < end]
        if len(found) * 2 * MINUTE < end - begin:
            return  # Too few samples for an average.
        averages.append(Fraction(sum(found), len(found)))
    best = max(range(4), key=lambda part: averages[part])
    most, last = averages[best], averages[3]
    if most < ENOUGH_LEAVING or last > most * FADED:
        return
    zone = evidence.evaluation.head.time_zone

    def path_of_quarter(part: int) -> str:
        return path_of(
            evidence.session, "timeline", metrics="concurrent_viewers", step="1m", from_=edges[part], to=edges[part + 1]
        )

    yield Finding(
        "audience_over_time",
        "live",
        "audience_over_time.fading",
        lambda say: {
            "from": say.clock(edges[best]),
            "to": say.clock(edges[best + 1]),
            "most": say.count(half_up(most.numerator, most.denominator)),
            "last_from": say.clock(edges[3]),
            "last": say.count(half_up(last.numerator, last.denominator)),
        },
        {
            "from": local(edges[best], zone),
            "to": local(edges[best + 1], zone),
            "average": number(most.numerator, most.denominator),
            "last_from": local(edges[3], zone),
            "last_to": local(edges[4], zone),
            "last_average": number(last.numerator, last.denominator),
        },
        [path_of_quarter(best), path_of_quarter(3)],
        PICTURE * (1 - last / most),
        "fading",
    )


def steepest_fall(evidence: Evidence) -> Iterable[Finding]:
    """Find the ten minutes in which most viewers left before the end, and the product on air."""
    course = evidence.course
    if course is None:
        return
    last_of = {minute: last for minute, last, _ in evidence.sampled()}
    until = course.end if evidence.live else course.end - LEAVING
    falls: list[tuple[Fraction, datetime, int, int]] = []
    for minute, before in last_of.items():
        after = last_of.get(minute + DROP_MINUTES * MINUTE)
        if after is None or minute + DROP_MINUTES * MINUTE >= until or before - after < ENOUGH_LEAVING:
            continue
        if Fraction(before - after, before) >= DROP:
            falls.append((Fraction(before - after, before), minute, before, after))
    if not falls:
        return
    lost, at, before, after = max(falls, key=lambda fall: (fall[0], -fall[1].timestamp()))
    end = at + DROP_MINUTES * MINUTE
    shown = evidence.on_air(at, end)
    product = shown[0] if shown and shown[1] >= MOSTLY else None
    wording = "_on_air" if product else "_off_air" if evidence.aired and shown is None else ""
    zone = evidence.evaluation.head.time_zone
    yield Finding(
        "audience_over_time",
        "live",
        f"audience_over_time.fall{wording}",
        lambda say: {
            "from": say.clock(at),
            "to": say.clock(end),
            "before": say.count(before),
            "after": say.count(after),
            **({"product": say.product(product)} if product else {}),
        },
        {
            "from": local(at, zone),
            "to": local(end, zone),
            "before": before,
            "after": after,
            **({"product": product} if product else {}),
        },
        [
            path_of(evidence.session, "timeline", metrics="concurrent_viewers", step="1m", from_=at, to=end + MINUTE),
            *([path_of(evidence.session, "showcases")] if wording else []),
        ],
        PICTURE * lost,
        "fall",
    )
