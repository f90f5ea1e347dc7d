"""Customer service of a session: response times, in total and by quarter of an hour.

In: the database, a session, the limit of a slow answer. Out: the support document. Never here: SQL, HTTP.

An answer belongs to the quarter of an hour in which it was given, as in the timeline; a ticket to that of its request.
"""

from datetime import datetime, timedelta
from fractions import Fraction

from app.kpis.documents.render import Document, local
from app.kpis.evaluation.rounding import number
from app.kpis.reading.session_reader import SessionQuery, read_head, snapshot
from app.storage.database import Database
from app.storage.kpis import support_reads
from app.storage.kpis.support_reads import Responses

QUARTER = timedelta(minutes=15)
MOST_QUARTERS = 2_000
"""Three weeks."""
MOST_SLOW = 100
"""The most slow tickets that are listed."""


def percentile(low: int, high: int, count: int, share: Fraction) -> Fraction:
    """Return a percentile of `count` values in order: interpolated linearly between the two values around it.

    Its place is (count - 1) × share, counted from 0; the median of an even number of values is the mean of the two in the middle.
    This is PostgreSQL's `percentile_cont` and PERCENTILE.INC of a spreadsheet.
    """
    place = (count - 1) * share
    return low + (high - low) * (place - int(place))


def _seconds(milliseconds: Fraction) -> int | float:
    seconds = milliseconds / 1000
    return number(seconds.numerator, seconds.denominator)


def response_figures(row: Responses | None) -> Document:
    """Return the figures of answers; null without an answer."""
    if row is None:
        return {"answered": 0, "mean_seconds": None, "median_seconds": None, "p90_seconds": None, "slow": 0}
    return {
        "answered": row.answered,
        "mean_seconds": _seconds(Fraction(row.total_ms, row.answered)),
        "median_seconds": _seconds(percentile(row.median_low, row.median_high, row.answered, Fraction(1, 2))),
        "p90_seconds": _seconds(percentile(row.p90_low, row.p90_high, row.answered, Fraction(9, 10))),
        "slow": row.slow,
    }


async def read_support(database: Database, asked: SessionQuery, slow_seconds: float) -> Document:
    """Return the support document (`SupportDocument`); an answer is slow if it takes longer than `slow_seconds`.

    Raises:
        ProblemError: 404.
    """
    slow_ms = round(slow_seconds * 1000)
    async with snapshot(database, asked.brand) as connection:
        head = await read_head(connection, asked)
        totals = await support_reads.totals(connection, head.id)
        whole = await support_reads.responses(connection, head.id, slow_ms, 1, by_quarter=False)
        quarters = await support_reads.responses(connection, head.id, slow_ms, MOST_QUARTERS + 1, by_quarter=True)
        requests = await support_reads.requests(connection, head.id, MOST_QUARTERS + 1)
        slowest = await support_reads.slowest(connection, head.id, slow_ms, MOST_SLOW)
    figures = response_figures(whole[0] if whole else None)
    answers: dict[datetime, Responses] = {row.quarter: row for row in quarters if row.quarter is not None}
    begins = sorted(answers.keys() | requests.keys())
    zone = head.time_zone
    return {
        "session": str(head.id),
        "slow_seconds": number(slow_ms, 1000),
        "tickets": totals.tickets,
        "waiting": totals.waiting,
        "waiting_since": local(totals.waiting_since, zone),
        **figures,
        "slow_tickets": [
            {
                "ticket": one.ticket, "platform": one.platform, "requested_at": local(one.requested_at, zone),
                "answered_at": local(one.answered_at, zone), "response_seconds": number(one.ms, 1000),
            }
            for one in slowest
        ],
        "slow_tickets_omitted": figures["slow"] - len(slowest),
        "by_quarter_hour": [
            {
                "from": local(begin, zone), "to": local(begin + QUARTER, zone), "tickets": requests.get(begin, 0),
                **response_figures(answers.get(begin)),
            }
            for begin in begins[:MOST_QUARTERS]
        ],
        "more_quarters": len(begins) > MOST_QUARTERS,
    }  # fmt: skip
