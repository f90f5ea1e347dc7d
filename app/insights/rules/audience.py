"""When the audience came, what was on air at its height, and when it left.

In: arrivals and comments by the minute, samples of concurrent viewers, what was on air. Out: findings.
Never here: causes. What was on air while the audience grew or shrank is said, not that it was the reason.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from app.insights.evidence import MINUTE, Evidence, Stretch
from app.insights.finding import PICTURE, Finding, capped, path_of
from app.kpis.render import local
from app.kpis.rounding import half_up, number
from app.kpis.timeline import MAX_BUCKETS

SHORTEST, LONGEST = 20, MAX_BUCKETS
"""Minutes of a broadcast: a half or a quarter of less is too short to compare, and more no timeline shows by the minute."""
ENOUGH_ARRIVALS = 100
ENOUGH_COMMENTS = 30
"""Fewer people or comments than these fall on one side by chance."""
LEAN = Fraction(3, 5)
"""A half is the busier one from 60 % on: three for every two of the other."""
FADED = Fraction(1, 2)
"""The audience has left when the last quarter has at most half of the best one's viewers."""
DROP_MINUTES = 10
DROP = Fraction(3, 10)
ENOUGH_LEAVING = 50
"""A fall is worth telling when 30 % and 50 people are gone within ten minutes: it is seen on the screen's curve."""
MOSTLY = Fraction(1, 2)
"""A product was on air through a stretch of time when it was for half of it."""
LEAVING = timedelta(minutes=10)
"""Before the end people leave anyway."""


def busier_half(evidence: Evidence) -> Iterable[Finding]:
    """Tell which half most viewers arrived in, and whether the comments lean the same way."""
    course = evidence.course
    if course is None or evidence.live or not SHORTEST <= (course.end - course.begin) // MINUTE <= LONGEST:
        return
    middle = course.begin + MINUTE * ((course.end - course.begin) // MINUTE // 2)
    halves = (Stretch(course.begin, middle), Stretch(middle, course.end))
    arrived = [evidence.counted("viewers", half) for half in halves]
    comments = [evidence.counted("comments", half) for half in halves]
    busy = 0 if arrived[0] >= arrived[1] else 1
    everybody, said = sum(arrived), sum(comments)
    if everybody < ENOUGH_ARRIVALS or Fraction(arrived[busy], everybody) < LEAN:
        return
    together = said >= ENOUGH_COMMENTS and Fraction(comments[busy], said) >= LEAN
    half = ("first", "second")[busy]
    query = {"metrics": "viewers,comments", "step": "1m"}
    yield Finding(
        "audience_over_time",
        "live",
        f"audience_over_time.{half}_half" + ("_and_comments" if together else ""),
        lambda say: {
            "arrivals": say.count(arrived[busy]),
            "share": say.share(arrived[busy], everybody),
            **({"comments": say.count(comments[busy]), "comments_share": say.share(comments[busy], said)} if together else {}),
        },
        {
            "half": half,
            "from": local(halves[busy].begin, evidence.evaluation.head.time_zone),
            "to": local(halves[busy].end, evidence.evaluation.head.time_zone),
            "arrivals": arrived[busy],
            "arrivals_share": number(arrived[busy], everybody),
            **({"comments": comments[busy], "comments_share": number(comments[busy], said)} if together else {}),
        },
        [
            path_of(evidence.session, "timeline", **query, from_=halves[busy].begin, to=halves[busy].end),
            path_of(evidence.session, "timeline", **query, from_=course.begin, to=course.end),
        ],
        PICTURE * capped(2 * arrived[busy] - everybody, everybody),
        half,
    )


def audience_peak(evidence: Evidence) -> Iterable[Finding]:
    """Tell when the most viewers were there, and what was on air."""
    sampled = evidence.sampled()
    course = evidence.course
    if course is None or len(sampled) < SHORTEST:
        return
    at, peak = max(((minute, highest) for minute, _, highest in sampled), key=lambda found: (found[1], -found[0].timestamp()))
    if peak < ENOUGH_LEAVING:
        return
    shown = evidence.on_air(at, at + MINUTE)
    # A sample knows its minute only, so the product must have been on air all of it.
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
    """Tell which quarter had the most viewers, where the last one had at most half of them."""
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
            return  # Sampled in less than half of its minutes: its average says little.
        averages.append(Fraction(sum(found), len(found)))
    best = max(range(4), key=lambda part: averages[part])
    most, last = averages[best], averages[3]
    if most < ENOUGH_LEAVING or last > most * FADED:
        return
    zone = evidence.evaluation.head.time_zone

    def asked(part: int) -> str:
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
        [asked(best), asked(3)],
        PICTURE * (1 - last / most),
        "fading",
    )


def steepest_fall(evidence: Evidence) -> Iterable[Finding]:
    """Tell in which ten minutes most viewers left before the end, and what was on air meanwhile."""
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
