"""Payloads of the audience: arrivals, watch time, comments, likes, shares, gifts, and the platform's own figures.

In: `data` of the audience's events. Out: contributions. Never here: I/O.
"""

from functools import lru_cache

from app.events.contributions import Claim, Contributions, Count, FoldContext, Sample, digest
from app.events.fields import Comment, Count as CountField, FanLevel, Label, Money, Seconds, Slug, Text
from app.events.money import in_minor_units
from app.events.payload import Payload
from app.events.traffic import arrival_key

COUNT_ARRIVAL = (Count("viewers", 1),)
COUNT_COMMENTER = (Count("commenters", 1),)
COUNT_FOLLOWER = (Count("new_followers", 1),)
ONE_COMMENT = (Count("comments", 1),)
ONE_EXIT = Count("exits", 1)
ONE_VIEW = (Count("views", 1),)


def person(pseudonym: str) -> bytes:
    """Return the 16-byte member of a pseudonym (hex of a keyed hash; any other text in tests and tools)."""
    if len(pseudonym) == 32:
        try:
            member = bytes.fromhex(pseudonym)
        except ValueError:
            return digest(pseudonym)
        if len(member) == 16:  # fromhex skips spaces
            return member
    return digest(pseudonym)


# Many events have equal contributions: the objects are created once and shared.


@lru_cache(4096)
def _arrival(source: str | None, fan_level: int | None, *, paid: bool | None) -> tuple[Count, ...]:
    return (*COUNT_ARRIVAL, Count("arrivals", 1, arrival_key(source, fan_level, paid=paid), by_second=True))


@lru_cache(4096)
def _sum(metric: str, value: int) -> Contributions:
    return Contributions(counts=(Count(metric, value),))


@lru_cache(4096)
def _exit(watched_ms: int | None) -> Contributions:
    return Contributions(counts=(ONE_EXIT,) if watched_ms is None else (ONE_EXIT, Count("watch_ms", watched_ms)))


class ViewerEntered(Payload, type="live.viewer.entered", person_fields=("viewer",)):
    """A viewer enters the room: the first entry is an arrival, each entry is a view."""

    viewer: Text
    source: Slug | None = None
    paid: bool | None = None
    """Whether the traffic was paid for; only a platform that tells them apart states it."""
    fan_level: FanLevel | None = None
    follower: bool | None = None

    def fold(self, context: FoldContext) -> Contributions:
        """Return one view, and the arrival that the earliest entry owns."""
        arrival = _arrival(self.source, self.fan_level, paid=self.paid)
        return Contributions(counts=ONE_VIEW, claims=(Claim("viewer", person(self.viewer), arrival),))


class ViewerLeft(Payload, type="live.viewer.left", person_fields=("viewer",)):
    """A viewer leaves; watched_seconds is the time since they entered."""

    viewer: Text
    watched_seconds: Seconds | None = None

    def fold(self, context: FoldContext) -> Contributions:
        """Return one exit, and the watched time in milliseconds."""
        return _exit(None if self.watched_seconds is None else round(self.watched_seconds * 1000))


class AudienceSampled(Payload, type="live.audience.sampled", samples=True):
    """The platform's own figures: the current viewers, and totals since the session began."""

    concurrent: CountField | None = None
    viewers_total: CountField | None = None
    views_total: CountField | None = None
    impressions_total: CountField | None = None
    likes_total: CountField | None = None
    comments_total: CountField | None = None
    shares_total: CountField | None = None
    followers_total: CountField | None = None
    average_watch_seconds: Seconds | None = None
    orders_total: CountField | None = None
    buyers_total: CountField | None = None
    units_total: CountField | None = None
    gmv_total: Money | None = None
    replay_views_total: CountField | None = None
    product_viewers_total: CountField | None = None
    """People who saw a product's card."""
    clickers_total: CountField | None = None
    """People who clicked one."""

    def fold(self, context: FoldContext) -> Contributions:
        """Return a sample per figure that was sent."""
        watch = self.average_watch_seconds
        figures = (
            ("concurrent_viewers", self.concurrent),
            ("viewers", self.viewers_total),
            ("views", self.views_total),
            ("impressions", self.impressions_total),
            ("likes", self.likes_total),
            ("comments", self.comments_total),
            ("shares", self.shares_total),
            ("new_followers", self.followers_total),
            ("average_watch_ms", None if watch is None else round(watch * 1000)),
            ("orders", self.orders_total),
            ("buyers", self.buyers_total),
            ("units_sold", self.units_total),
            ("gmv", in_minor_units(self.gmv_total, context, "/gmv_total")),
            ("replay_views", self.replay_views_total),
            ("product_viewers", self.product_viewers_total),
            ("clickers", self.clickers_total),
        )
        return Contributions(
            samples=tuple(Sample(metric, value, room=context.room) for metric, value in figures if value is not None)
        )


class CommentPosted(Payload, type="live.comment.posted", person_fields=("viewer",), text_fields=("text",)):
    """A viewer comments; the text is stored only if `TALLYLIGHT_KEEP_COMMENT_TEXT` is set."""

    viewer: Text
    text: Comment | None = None

    def fold(self, context: FoldContext) -> Contributions:
        """Return one comment, and the commenter that the earliest comment owns."""
        return Contributions(counts=ONE_COMMENT, claims=(Claim("commenter", person(self.viewer), COUNT_COMMENTER),))


class LikeSent(Payload, type="live.like.sent", person_fields=("viewer",)):
    """Likes, one or many in one tap burst."""

    viewer: Text | None = None
    count: CountField = 1

    def fold(self, context: FoldContext) -> Contributions:
        """Return the likes."""
        return _sum("likes", self.count)


class ShareSent(Payload, type="live.share.sent", person_fields=("viewer",)):
    """The room was shared."""

    viewer: Text | None = None

    def fold(self, context: FoldContext) -> Contributions:
        """Return one share."""
        return _sum("shares", 1)


class FollowGained(Payload, type="live.follow.gained", person_fields=("viewer",)):
    """A viewer follows the account; once per viewer."""

    viewer: Text

    def fold(self, context: FoldContext) -> Contributions:
        """Return the follower that the earliest event owns."""
        return Contributions(claims=(Claim("follower", person(self.viewer), COUNT_FOLLOWER),))


class GiftSent(Payload, type="live.gift.sent", person_fields=("viewer",)):
    """Gifts of one kind."""

    viewer: Text | None = None
    gift: Label
    count: CountField = 1

    def fold(self, context: FoldContext) -> Contributions:
        """Return the gifts."""
        return _sum("gifts", self.count)
