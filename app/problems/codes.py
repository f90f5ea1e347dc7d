"""The stable codes of problems, with their status and what they mean.

In: nothing. Out: `CODES`, from which the documentation's table is made. Never here: words for people, which are labels
(`problem.<code>`).
"""

from collections.abc import Mapping
from typing import NamedTuple


class Code(NamedTuple):
    """A code's status, and what it says to a programmer; Markdown."""

    status: int
    meaning: str


CODES: Mapping[str, Code] = {
    "bad_request": Code(400, "the request cannot be read: broken JSON, a body that is cut off, text that is not UTF-8"),
    "not_authenticated": Code(401, "no API key or cookie, or one that is wrong, revoked or expired"),
    "invalid_ticket": Code(401, "the stream ticket is wrong, expired, or its key or device is no longer valid"),
    "sign_in_refused": Code(401, "the sign-in link, key or share link is wrong, used, expired or revoked"),
    "not_allowed": Code(403, "the caller's role or brand does not allow this"),
    "cross_site": Code(403, "a write by cookie, or a sign-in, that another site may have caused"),
    "internal_only": Code(403, "a viewer that is bound to a brand reads the client edition and the figures only"),
    "not_found": Code(404, "no such route or object; also an object of another brand"),
    "alert_not_found": Code(404, "the session has no such alert now"),
    "alias_not_found": Code(404, "no such alias"),
    "brand_not_found": Code(404, "no such brand"),
    "channel_not_found": Code(404, "no such channel"),
    "connection_not_found": Code(404, "no such connection, one that is switched off, or a wrong URL token"),
    "contract_not_found": Code(404, "no such contract"),
    "customer_not_found": Code(404, "the brand has no such customer"),
    "dead_letter_not_found": Code(404, "no such dead letter"),
    "delivery_not_found": Code(404, "the channel has no such delivery"),
    "device_not_found": Code(404, "the person has no such device"),
    "exchange_rate_not_found": Code(404, "the rate was not entered"),
    "import_not_found": Code(404, "the session has no event of this import"),
    "job_not_found": Code(404, "no such bulk job"),
    "key_not_found": Code(404, "no such API key"),
    "lineup_item_not_found": Code(404, "the line-up has no such product"),
    "logo_not_found": Code(404, "the brand has no logo"),
    "note_not_found": Code(404, "no such note"),
    "person_not_found": Code(404, "no such person"),
    "not_released": Code(404, "the session has not been released yet"),
    "product_not_found": Code(404, "no such product"),
    "promotion_not_found": Code(404, "no such promotion"),
    "revision_not_found": Code(404, "no such revision"),
    "session_not_found": Code(404, "no such session"),
    "share_link_not_found": Code(404, "the session has no such share link"),
    "settlement_line_not_found": Code(404, "the draft has no entered line with this id"),
    "settlement_not_found": Code(404, "no such statement, or a draft that the caller may not see"),
    "stream_not_found": Code(404, "the session has no such stream"),
    "method_not_allowed": Code(405, "the route has no such method; `Allow` lists those it has"),
    "request_timeout": Code(408, "head or body did not arrive in time"),
    "conflict": Code(409, "not possible in the present state; `detail` says why"),
    "already_exists": Code(409, "an object with this key exists"),
    "contracts_overlap": Code(409, "another contract of the brand overlaps in time"),
    "contract_in_use": Code(409, "an issued statement applies the contract; end it instead of deleting it"),
    "currency_in_use": Code(409, "the session has amounts in its currency"),
    "exchange_rate_used": Code(409, "an issued statement used the rate"),
    "last_administrator": Code(409, "no other person would be left who administers"),
    "lineup_full": Code(409, "the line-up holds as many products as it may"),
    "not_replayable": Code(409, "the dead letter cannot be replayed; `detail` says why"),
    "nothing_to_release": Code(409, "the session has no figures yet"),
    "person_inactive": Code(409, "a person who is not active gets no sign-in link"),
    "secret_key_changed": Code(409, "what is asked for is encrypted with another secret key"),
    "session_on_air": Code(409, "the session is on air; release it after its end"),
    "session_released": Code(409, "the session has been released; only an admin can delete it"),
    "session_stated": Code(409, "an issued statement states the session, which cannot be deleted; void its events instead"),
    "settlement_changed": Code(409, "the figures are other ones than the draft shows; compute it again and look at it"),
    "settlement_incomplete": Code(409, "the statement lacks something; `missing` lists contracts, revisions and exchange rates"),
    "settlement_issued": Code(409, "the statement is issued and does not change"),
    "log_dropped": Code(
        410, "the session's [log was dropped](log.md), and what is asked for is read from it; `detail` says when"
    ),
    "plan_changed": Code(412, "another person changed the plan meanwhile; the problem has `current` and `yours`"),
    "body_too_large": Code(413, "the body exceeds `TALLYLIGHT_MAX_BODY_BYTES`, before or after decompression"),
    "too_many_events": Code(413, "the request holds more events than `TALLYLIGHT_MAX_BATCH_EVENTS`"),
    "unsupported_media_type": Code(415, "the content type, its charset or the content encoding is not supported"),
    "invalid_input": Code(422, "fields are wrong; `errors` names them"),
    "idempotency_key_reused": Code(422, "the `Idempotency-Key` was used with another note"),
    "no_event_accepted": Code(422, "all events of the request were rejected; the document also has the members of the receipt"),
    "precondition_required": Code(428, "the request needs `If-Match` with the tag that the caller has seen"),
    "too_many_requests": Code(429, "a [request limit](http.md#limits) is used up; `Retry-After` says for how long"),
    "head_too_large": Code(431, "request line and headers exceed `TALLYLIGHT_MAX_HEAD_BYTES`"),
    "internal_error": Code(500, "a fault of the server; its log has the details under the request's id"),
    "report_failed": Code(
        500, "this report ended the process that made it, twice; other reports are not affected, and to ask again will not help"
    ),
    "not_installed": Code(501, "this server lacks an [extra](../howto/deployment.md#extras), which `detail` names"),
    "overloaded": Code(503, "no capacity at the moment; send again after `Retry-After`"),
    "database_unavailable": Code(503, "the database does not answer"),
    "not_committed": Code(503, "the data may not be stored; send it again, what is stored counts as a duplicate"),
    "not_ready": Code(503, "`/readyz`: the process cannot take work; `detail` says why"),
    "queue_full": Code(503, "too many events are waiting for their commit"),
}
"""By code. The first code of a status is the one of a problem that names none."""
