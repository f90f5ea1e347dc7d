"""Payloads of traffic: where viewers come from by the platform's own figures, and what paid campaigns cost.

In: `data` of these events. Out: contributions. Never here: I/O, exchange rates.
"""

from typing import NamedTuple

from app.events.contributions import Contributions, FoldContext, Sample
from app.events.fields import Count as CountField, Currency, Money, Name, Slug
from app.events.money import TooPrecise, in_minor_units, minor_units
from app.events.payload import Payload, Unfoldable

FOREIGN_DIGITS = 4
"""Decimals in which amounts of another currency than the session's are kept: no currency has more."""


class Arrival(NamedTuple):
    """Where and as whom a viewer first entered; None where it is unknown."""

    source: str | None
    fan_level: int | None
    paid: bool | None


def arrival_key(source: str | None, fan_level: int | None, *, paid: bool | None = None) -> str:
    """Return the key of an arrival: traffic source and fan level, each empty if unknown, and 1 or 0 if it is known who paid.

    >>> arrival_key("fans", 4), arrival_key("ads", None, paid=True)
    ('fans|4', 'ads||1')
    """
    key = f"{source or ''}|{'' if fan_level is None else fan_level}"
    return key if paid is None else f"{key}|{int(paid)}"


def arrival_of(key: str) -> Arrival:
    """Return the arrival of a key."""
    source, level, *paid = key.split("|")
    return Arrival(source or None, int(level) if level else None, paid[0] == "1" if paid else None)


class SourceSampled(Payload, type="live.source.sampled", samples=True):
    """The platform's own cumulative figures of one traffic source."""

    source: Slug
    paid: bool | None = None
    viewers_total: CountField | None = None
    orders_total: CountField | None = None
    buyers_total: CountField | None = None
    gmv_total: Money | None = None

    def fold(self, context: FoldContext) -> Contributions:
        """Return a sample per figure that was sent."""
        key = arrival_key(self.source, None, paid=self.paid)
        figures = (
            ("source_viewers", self.viewers_total),
            ("source_orders", self.orders_total),
            ("source_buyers", self.buyers_total),
            ("source_gmv", in_minor_units(self.gmv_total, context, "/gmv_total")),
        )
        return Contributions(
            samples=tuple(Sample(metric, value, key, room=context.room) for metric, value in figures if value is not None)
        )


def currency_number(code: str) -> int:
    """Return a currency's code as a number, since a sample is one.

    >>> currency_number("USD"), currency_of(currency_number("USD"))
    (13991, 'USD')
    """
    first, second, third = (ord(character) - ord("A") for character in code)
    return (first * 26 + second) * 26 + third


def currency_of(number: int) -> str:
    """Return the code of a currency's number."""
    return "".join(chr(ord("A") + number // place % 26) for place in (676, 26, 1))


def campaign_key(campaign: str, currency: str | None) -> str:
    """Return the key of a campaign's samples in the session's currency (None) or in another one: each currency has its own.

    A campaign's name has no control character, so that no name is another campaign's key.
    """
    return campaign if currency is None else f"{campaign}\n{currency}"


def _foreign_units(amount: str, context: FoldContext, pointer: str) -> int:
    del context
    try:
        return minor_units(amount, FOREIGN_DIGITS)
    except TooPrecise as error:
        raise Unfoldable(pointer, str(error)) from None


class AdSampled(Payload, type="live.ad.sampled", samples=True):
    """Cumulative figures of a paid campaign in one currency; `currency` is that of its money, by default the session's."""

    campaign: Name
    spend_total: Money
    currency: Currency | None = None
    impressions_total: CountField | None = None
    clicks_total: CountField | None = None
    gmv_total: Money | None = None

    def fold(self, context: FoldContext) -> Contributions:
        """Return a sample per figure that was sent, and the currency if it is not the session's."""
        foreign = None if self.currency == context.currency else self.currency
        key = campaign_key(self.campaign, foreign)
        amount = in_minor_units if foreign is None else _foreign_units
        figures = (
            ("ad_spend", amount(self.spend_total, context, "/spend_total")),
            ("ad_currency", None if foreign is None else currency_number(foreign)),
            ("ad_impressions", self.impressions_total),
            ("ad_clicks", self.clicks_total),
            ("ad_gmv", None if self.gmv_total is None else amount(self.gmv_total, context, "/gmv_total")),
        )
        return Contributions(samples=tuple(Sample(metric, value, key) for metric, value in figures if value is not None))
