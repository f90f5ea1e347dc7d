"""Payloads of the session itself, its hosts and marks, of support and of promotions.

In: `data` of these events. Out: contributions. Never here: I/O.
"""

from app.events.contributions import Claim, Contributions, Count, FoldContext, Mark, Sample, SpanEdge, digest
from app.events.fields import Comment, Count as CountField, Name, Seconds, Slug, Text
from app.events.payload import Payload, timestamp_in


class SessionStarted(Payload, type="live.session.started", samples=True):
    """A stream of the session goes on air."""

    def fold(self, context: FoldContext) -> Contributions:
        """Return the stream's state: broadcasting."""
        return Contributions(samples=(Sample("broadcast", 1, context.room, by_second=True),), broadcast="started")


class SessionEnded(Payload, type="live.session.ended", samples=True):
    """A stream of the session goes off air."""

    def fold(self, context: FoldContext) -> Contributions:
        """Return the stream's state: ended."""
        return Contributions(samples=(Sample("broadcast", 0, context.room, by_second=True),), broadcast="ended")


class HostChanged(Payload, type="live.host.changed"):
    """Another host presents from now on."""

    host: Text

    def fold(self, context: FoldContext) -> Contributions:
        """Return the moment at which the host begins."""
        del context
        return Contributions(mark=Mark("host", self.host))


class MarkSet(Payload, type="live.mark.set"):
    """Something happened that explains the figures: a violation, a coupon, a giveaway."""

    label: Slug
    text: Comment | None = None
    until: Text | None = None
    """When it ends, as RFC 3339."""

    def fold(self, context: FoldContext) -> Contributions:
        """Return the moment, or the time range, that is marked."""
        del context
        return Contributions(mark=Mark("mark", self.label, self.text or None, timestamp_in(self.until, "/until")))


class SupportRequested(Payload, type="live.support.requested", person_fields=("viewer",)):
    """A viewer asks customer service; once per ticket."""

    ticket: Text
    viewer: Text | None = None

    def fold(self, context: FoldContext) -> Contributions:
        """Return the request, and the start of its response time."""
        ticket = digest(context.platform, self.ticket)
        return Contributions(
            claims=(Claim("ticket", ticket, (Count("support_requests", 1),)),),
            spans=(SpanEdge("response", ticket, ends=False),),
        )


class SupportAnswered(Payload, type="live.support.answered"):
    """Customer service answers; without response_seconds the time since the request counts."""

    ticket: Text
    response_seconds: Seconds | None = None

    def fold(self, context: FoldContext) -> Contributions:
        """Return the end of the ticket's response time."""
        given = None if self.response_seconds is None else round(self.response_seconds * 1000)
        return Contributions(spans=(SpanEdge("response", digest(context.platform, self.ticket), ends=True, given_ms=given),))


class PromotionMeasured(Payload, type="live.promotion.measured", samples=True):
    """Cumulative figures of a promotion, named by its id or its url."""

    promotion: Name
    views_total: CountField | None = None
    engagements_total: CountField | None = None
    clicks_total: CountField | None = None

    def fold(self, context: FoldContext) -> Contributions:
        """Return a sample per figure that was sent."""
        figures = (
            ("promotion_views", self.views_total),
            ("promotion_engagements", self.engagements_total),
            ("promotion_clicks", self.clicks_total),
        )
        return Contributions(
            samples=tuple(Sample(metric, value, self.promotion) for metric, value in figures if value is not None)
        )
