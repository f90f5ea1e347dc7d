"""Corrections: what changed of a session since statements were issued that hold it.

In: the session's figures of today, what the statements say. Out: lines. Never here: new terms, a new rate of an old conversion.

The corrected amounts are computed as they would be today under the terms and the rate of the first statement. A correction is the
difference, so that all statements together say what one statement over everything would say.
"""

from collections.abc import Mapping

from app.settlement.amounts.earlier import StatedSession
from app.settlement.amounts.lines import MissingInput
from app.settlement.amounts.session_amounts import (
    Converted,
    Rate,
    SessionFigures,
    SessionLines,
    add_changes,
    convert,
    rate_for,
    source_of,
)
from app.settlement.rates.exchange_rates import RateKey


def corrections(session: SessionFigures, stated: StatedSession, rates: Mapping[RateKey, str]) -> SessionLines:
    """Return the corrections of a session; no line if nothing changed."""
    found = SessionLines()
    if session.net is None or session.revision is None:
        return found
    terms, source = stated.contract.terms, stated.source
    rate: Rate | MissingInput = Rate(source.rate, source.rate_date, source.rate_kind)
    net_before = stated.net
    if session.currency != source.currency:
        # The earlier amount was in another currency: the whole new amount is the source, and the yen are still a difference.
        rate, net_before = rate_for(session, terms, rates), 0
    if isinstance(rate, MissingInput):
        found.missing.append(rate)
        return found
    now = convert(session.net, session.currency, rate.rate, terms)
    change = Converted(
        {key: amount - stated.amounts.get(key, 0) for key, amount in now.amounts.items()},
        {to: amount - stated.chain.get(to, 0) for to, amount in now.chain.items()},
        now.bases,
    )
    if any(change.amounts.values()) or any(change.chain.values()) or session.net != net_before:
        add_changes(
            found, session, stated.contract, now, change,
            source_of(session.net - net_before, session.currency, rate, session.revision), stated.number,
        )  # fmt: skip
    return found
