"""Request and response models of connections.

In: JSON. Out: validated requests, responses. Never here: a secret in a response.
"""

import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.adapters.protocol import Coverage
from app.adapters.registry import ADAPTERS
from app.catalogue.models import UNCHANGED, PatchModel, RequestModel, ResponseModel, Slug, Text, Timestamp
from app.ingest.dry_runs.dry_run import ParkingReason, Verdict
from app.platforms.connection_counters import ErrorCode, Outcome
from app.problems import FieldError

_MAX_OPTIONS = 64 * 1024

_EXAMPLE: dict[str, Any] = {
    "kind": "wechat_shop",
    "name": "Maison K, WeChat shop",
    "brand": "maison-k",
    "options": {"require_encryption": True},
}
_SECRETS = {
    "token": "a-token-of-your-own",
    "encoding_aes_key": "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aQ",
    "appid": "wx1234567890abcdef",
    "app_secret": "from the platform's console",
}
_ID = "0192f1a0-b3c4-7d06-8000-5f5e1a2b3c4d"


def _storable(options: dict[str, Any]) -> dict[str, Any]:
    try:
        text = json.dumps(options, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise PydanticCustomError(
            "options", "must be JSON without lone surrogates and infinite numbers, and not nested too deeply"
        ) from None
    if len(text) > _MAX_OPTIONS:
        raise PydanticCustomError("options", "must be at most 64 KiB")
    if b"\\u0000" in text:
        raise PydanticCustomError("options", "must not contain the character NUL")
    return options


Options = Annotated[dict[str, Any], AfterValidator(_storable)]
SecretName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
SecretText = Annotated[str, StringConstraints(max_length=4096)]
NewSecrets = Annotated[dict[SecretName, SecretText], Field(max_length=20)]
Kind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class NewConnection(RequestModel):
    """A connection to create."""

    model_config = ConfigDict(json_schema_extra={"example": {**_EXAMPLE, "secrets": {**_SECRETS}}})

    kind: Kind = Field(description=f"one of {', '.join(ADAPTERS)}")
    name: Text
    brand: Slug | None = Field(
        default=None, description="created if missing; the connection's events reach sessions of this brand alone. Absent: of any"
    )
    secrets: NewSecrets = Field(default_factory=dict, description="encrypted at rest, never returned")
    options: Options = Field(default_factory=dict)
    enabled: bool = True


class ConnectionPatch(PatchModel):
    """Changes to a connection."""

    name: Text = Field(default=UNCHANGED, examples=[_EXAMPLE["name"]])
    secrets: Annotated[dict[SecretName, SecretText | None], Field(max_length=20)] = Field(
        default=UNCHANGED,
        description="only the secrets that change; null removes one. A new `secret` of a kind that knows `previous_secret` makes "
        "the old one the previous, unless that is given too",
        examples=[{"app_secret": "the new one"}],
    )
    previous_secret_expires_at: Timestamp | None = Field(
        default=UNCHANGED,
        description="when the previous secret ends; null: once it is removed. A new `secret` removes the end unless one is given",
        examples=["2021-10-02T00:00:00Z"],
    )
    options: Options = Field(default=UNCHANGED, description="replaces all options", examples=[_EXAMPLE["options"]])
    enabled: bool = Field(default=UNCHANGED, examples=[True])
    rotate_url: bool = Field(
        default=UNCHANGED, description="true: puts a new token into the webhook URL; the old URL returns 404", examples=[False]
    )


class ConnectionCounts(ResponseModel):
    """Counters of a connection; up to two seconds late."""

    deliveries: int = Field(description="authentic deliveries, including repeated ones")
    duplicates: int = Field(description="deliveries that were received before")
    refused: int = Field(description="deliveries that were not authentic or could not be parsed")
    events: int = Field(description="events submitted, including duplicates")
    dead_letters: int = Field(description="messages that could not be turned into events; see /v1/dead-letters")
    pending: int = Field(description="deliveries whose pull from the platform's API is not complete")


class Connection(ResponseModel):
    """A connection without its secrets."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": _ID,
                **_EXAMPLE,
                "enabled": True,
                "secrets_set": ["app_secret", "appid", "encoding_aes_key", "token"],
                "previous_secret_expires_at": None,
                "webhook_url": f"https://tallylight.example/v1/webhooks/{_ID}",
                "signature_covers": "body",
                "created_at": "2021-09-20T01:00:00Z",
                "last_delivery_at": "2021-09-25T05:31:07Z",
                "last_error": None,
                "last_error_code": None,
                "last_error_at": None,
                "counts": {"deliveries": 57, "duplicates": 2, "refused": 0, "events": 112, "dead_letters": 0, "pending": 0},
            }
        }
    )

    id: UUID
    kind: str
    name: str
    brand: str | None
    options: dict[str, Any] = Field(description="as they were saved; their schema is the one of the kind")
    enabled: bool
    secrets_set: list[str] = Field(description="names of the secrets that are set")
    previous_secret_expires_at: datetime | None = Field(
        description="when the previous secret ends, if one is set; null: once `secrets.previous_secret` is removed"
    )
    webhook_url: str | None = Field(description="to paste into the platform's console; null for a kind that is polled")
    signature_covers: Coverage | None = Field(
        description="what the signature of a delivery covers: its `body`, `part` of it or `nothing`; null for a polled kind"
    )
    created_at: datetime
    last_delivery_at: datetime | None
    last_error: str | None
    last_error_code: ErrorCode | None = Field(
        description="what went wrong; null without an error, and for one of an earlier version. `GET /v1/labels` has the words: "
        "connection_error.<code>"
    )
    last_error_at: datetime | None
    counts: ConnectionCounts


class RecentDelivery(ResponseModel):
    """One delivery of a connection."""

    at: datetime
    outcome: Outcome = Field(
        description="accepted; duplicate: received before; queued: its content is fetched from the platform's API; parked: no "
        "session has registered the room; ignored: of a kind that makes no events; dead_letter: kept, see /v1/dead-letters; "
        "refused: not authentic, or not in the platform's format"
    )
    reason: str | None = Field(description="why something of it did not arrive: the rule, without content")
    events: int = Field(description="events that are stored")


class RecentDeliveries(ResponseModel):
    """The last deliveries of a connection, the newest first; up to two seconds late."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "deliveries": [
                    {"at": "2021-09-25T05:31:07Z", "outcome": "accepted", "reason": None, "events": 1},
                    {"at": "2021-09-25T05:30:41Z", "outcome": "refused", "reason": "the signature does not match", "events": 0},
                ]
            }
        }
    )

    deliveries: list[RecentDelivery] = Field(description="at most 50")


class ConnectionCheck(ResponseModel):
    """The result of one check."""

    name: str
    ok: bool
    detail: str


class TestResult(ResponseModel):
    """Whether a connection's credentials work."""

    __test__ = False

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "ok": False,
                "checks": [{"name": "access_token", "ok": False, "detail": "WeChat answered 40125: the app_secret is not valid"}],
            }
        }
    )

    ok: bool
    checks: list[ConnectionCheck]


class PreviewRequest(RequestModel):
    """A sample body for the preview of a mapping."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"sample": {"type": "like", "room": "8812", "user": {"id": "u1"}, "n": 3}, "topic": "live/like"}
        }
    )

    sample: Any = Field(description="the JSON body of a delivery")
    topic: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        default=None, description="value of the header that names the kind of event"
    )
    options: Options | None = Field(default=None, description="options to use instead of the saved ones")


class PreviewOutcome(ResponseModel):
    """What ingestion would do with one event of a preview."""

    event: str = Field(description="the event's id")
    type: str
    subject: str = Field(description="a session's id, or platform:room")
    session: UUID | None = Field(
        description="the session that the subject names for this connection, or null. Accepted events count for it"
    )
    outcome: Verdict = Field(
        description="accepted; duplicate: stored already; conflict: stored already with other content; parked: kept until a "
        "session registers the room; rejected: kept as a dead letter"
    )
    reason: ParkingReason | None = Field(
        description="of a parked event. room_not_registered: by no session; registration_not_confirmed: an operator decides "
        "(/v1/stream-claims); room_of_another_brand: sessions of the connection's brand have not registered it"
    )
    errors: list[FieldError] = Field(description="of an event in conflict or rejected; pointers into the event")
    corrected: bool = Field(description="true: the time is wrong, and the arrival stands instead")


class Preview(ResponseModel):
    """The events that the mapping creates from the sample, and what ingestion would do with them; nothing is stored."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "events": [
                    {
                        "specversion": "1.0",
                        "id": "live.like.sent/e1",
                        "source": f"//tallylight/connections/{_ID}",
                        "type": "live.like.sent",
                        "subject": "bilibili:8812",
                        "time": "2021-09-25T05:31:07+00:00",
                        "data": {"viewer": "u1", "count": 3},
                    }
                ],
                "outcomes": [
                    {
                        "event": "live.like.sent/e1",
                        "type": "live.like.sent",
                        "subject": "bilibili:8812",
                        "session": None,
                        "outcome": "parked",
                        "reason": "room_not_registered",
                        "errors": [],
                        "corrected": False,
                    }
                ],
                "problems": [],
                "ignored": [],
            }
        }
    )

    events: list[dict[str, Any]]
    outcomes: list[PreviewOutcome] = Field(description="one per event, in the same order")
    problems: list[str] = Field(description="reasons for which parts of the sample would become dead letters")
    ignored: list[str]
