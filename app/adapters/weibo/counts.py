"""Weibo counts: reads, comments, reposts and likes of promoted posts.

In: the ids of posts and the promotion of each; the JSON of an answer. Out: a request for an HTTP client; measurements of
promotions. Never here: HTTP, differences between measurements.

Source: open.weibo.com/wiki/C/2/media_statuses/count_sp/biz (media accounts; has reads) and 2/statuses/count (any account; no
reads).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import Field

from app.adapters.error_codes import WEIBO, code_of, sentence
from app.adapters.event_collector import EventCollector
from app.adapters.figures import Figures
from app.adapters.parsing import as_map, identifier
from app.adapters.polled import no_events, refuse_deliveries
from app.adapters.protocol import (
    Context,
    Options,
    Parsed,
    Secret,
    Secrets,
    covers_body,
    no_url_check,
)
from app.adapters.validation import CommonOptions, check_connection
from app.events.fields import LongText

KIND = "weibo_counts"
PLATFORM = "weibo"
SECRETS = (Secret("access_token"),)
signature_covers = covers_body
answer = no_url_check
verify = refuse_deliveries
parse = no_events

MAX_IDS = 100
_PATHS = {
    "media": ("https://c.api.weibo.com", "/2/media_statuses/count_sp/biz.json"),
    "any": ("https://api.weibo.com", "/2/statuses/count.json"),
}
_ENGAGEMENTS = ("comments", "reposts", "attitudes")
TOKEN_ERRORS = frozenset((10006, 21314, 21315, 21316, 21317, 21319, 21327, 21332))
QUOTA_ERRORS = frozenset((10022, 10023, 10024))


class CountsOptions(CommonOptions):
    """Options of the counts."""

    account: Literal["media", "any"] = "media"
    posts: dict[str, LongText] = Field(default_factory=dict, max_length=1000)
    """Post id → the promotion's id or url."""


OPTIONS = CountsOptions


def check(secrets: Secrets, options: Options) -> None:
    """Accept the secrets and options, or raise `Misconfigured`."""
    check_connection(SECRETS, secrets, options, CountsOptions)


@dataclass(frozen=True, slots=True)
class CountsCall:
    """A GET request: `base + path` with a query, which holds the token."""

    base: str
    path: str
    query: Mapping[str, str] = field(repr=False)


class WeiboError(Exception):
    """The API answered with an error code."""

    def __init__(self, error_code: int) -> None:
        super().__init__(sentence("Weibo", error_code, WEIBO.get(error_code)))
        self.error_code = error_code

    @property
    def token_refused(self) -> bool:
        """Whether the access token must be renewed by its owner."""
        return self.error_code in TOKEN_ERRORS

    @property
    def quota_exceeded(self) -> bool:
        """Whether to wait for the next hour."""
        return self.error_code in QUOTA_ERRORS


def counts(access_token: str, post_ids: Sequence[str], context: Context) -> CountsCall:
    """Ask for the counts of at most 100 posts."""
    if not 0 < len(post_ids) <= MAX_IDS:
        raise ValueError(f"between 1 and {MAX_IDS} posts, not {len(post_ids)}")
    base, path = _PATHS[context.text("account") or "media"]
    return CountsCall(context.text("api_base") or base, path, {"access_token": access_token, "ids": ",".join(post_ids)})


def read_counts(answer: object, context: Context, measured_at: datetime, subject: str | None = None) -> Parsed:
    """Return a measurement per post; engagements are comments, reposts and likes, as far as the platform states them.

    If one of them cannot be read, there is no sum: it would be too small.

    `subject` is the session of the promotion, if the connection is not tied to one.

    Raises:
        WeiboError: the answer is an error.
    """
    code = code_of(as_map(answer).get("error_code"))
    if code:
        raise WeiboError(code)
    posts = as_map(context.options.get("posts"))
    collector = EventCollector(context)
    if not isinstance(answer, list):
        collector.unknown("counts: no list of posts", answer)
        return collector.result()
    for item in answer:
        row = as_map(item)
        post = identifier(row.get("id"))
        if post is None:
            collector.unknown("counts: no id", item)
            continue
        figures = Figures(row, "counts", collector)
        parts = {name: figures.count(name) for name in _ENGAGEMENTS if row.get(name) not in (None, "")}
        engagements = [count for count in parts.values() if count is not None]
        collector.event(
            "live.promotion.measured",
            id=f"post/{post}/{int(measured_at.timestamp())}",
            subject=subject or context.session,
            time=measured_at,
            data={
                "promotion": identifier(posts.get(post)) or post,
                "views_total": figures.count("reads"),
                "engagements_total": sum(engagements) if engagements and len(engagements) == len(parts) else None,
            },
            raw=dict(row),
        )
    return collector.result()
