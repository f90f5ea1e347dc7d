"""Request and response models of channels.

In: JSON. Out: validated requests, responses. Never here: a secret in a response.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.catalogue.models import UNCHANGED, PatchModel, RequestModel, ResponseModel, Slug, Text, Timestamp
from app.channels.kinds.registry import KindName
from app.labels.catalogue import Language
from app.platforms.administration.models import NewSecrets, Options, SecretName, SecretText
from app.storage.channels.channel_outbox import ChannelEvent

_ID = "0192f1a0-b3c4-7d0a-8000-5f5e1a2b3c4d"
_EXAMPLE: dict[str, Any] = {
    "name": "Studio Shanghai",
    "kind": "wecom",
    "brand": "maison-k",
    "events": ["alert.raised", "alert.cleared", "session.ended"],
    "lang": "zh",
    "options": {},
}
Events = Annotated[list[ChannelEvent], Field(min_length=1, max_length=7)]


class NewChannel(RequestModel):
    """A channel to create."""

    model_config = ConfigDict(
        json_schema_extra={"example": {**_EXAMPLE, "secrets": {"key": "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"}}}
    )

    name: Text
    kind: KindName
    brand: Slug | None = Field(
        default=None, description="the channel gets this brand's messages only; created if missing. Absent: those of all brands"
    )
    secrets: NewSecrets = Field(default_factory=dict, description="encrypted at rest, never returned")
    events: Events = Field(description="what the channel is sent")
    lang: Language = Field(default="ja", description="language of the messages")
    options: Options = Field(default_factory=dict)
    enabled: bool = True


class ChannelPatch(PatchModel):
    """Changes to a channel."""

    name: Text = Field(default=UNCHANGED, examples=[_EXAMPLE["name"]])
    secrets: Annotated[dict[SecretName, SecretText | None], Field(max_length=20)] = Field(
        default=UNCHANGED,
        description="only the secrets that change; null removes one. A new `secret` of a webhook makes the old one the previous, "
        "unless that is given too",
        examples=[{"key": "the new one"}],
    )
    previous_secret_expires_at: Timestamp | None = Field(
        default=UNCHANGED,
        description="when the previous secret ends; null: once it is removed. A new `secret` removes the end unless one is given",
        examples=["2021-10-02T00:00:00Z"],
    )
    events: Events = Field(default=UNCHANGED, examples=[["alert.raised"]])
    lang: Language = Field(default=UNCHANGED, examples=["en"])
    options: Options = Field(default=UNCHANGED, description="replaces all options", examples=[{}])
    enabled: bool = Field(default=UNCHANGED, examples=[True])


class ChannelCounts(ResponseModel):
    """Deliveries of a channel that are kept."""

    queued: int = Field(description="wait for their first or next attempt")
    sent: int
    failed: int = Field(description="given up; they can be replayed")


class Channel(ResponseModel):
    """A channel without its secrets."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": _ID,
                **_EXAMPLE,
                "enabled": True,
                "secrets_set": ["key"],
                "previous_secret_expires_at": None,
                "target": "qyapi.weixin.qq.com …5aaa",
                "created_at": "2021-09-20T01:00:00Z",
                "last_sent_at": "2021-09-25T05:31:07Z",
                "last_error": None,
                "paused_until": None,
                "counts": {"queued": 0, "sent": 12, "failed": 0},
            }
        }
    )

    id: UUID
    name: str
    kind: str
    brand: str | None
    events: list[str]
    lang: str
    options: dict[str, Any]
    enabled: bool
    secrets_set: list[str] = Field(description="names of the secrets that are set")
    previous_secret_expires_at: datetime | None = Field(
        description="when the previous secret ends, if one is set; null: once `secrets.previous_secret` is removed"
    )
    target: str = Field(description="host of the receiver, and the end of its secret address")
    created_at: datetime
    last_sent_at: datetime | None
    last_error: str | None = Field(description="of the latest delivery, if that has failed or waits for its next attempt")
    paused_until: datetime | None = Field(description="no request is made before, since the latest ones failed")
    counts: ChannelCounts


class Delivery(ResponseModel):
    """One message of a channel."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "0192f1a0-b3c4-4d0b-8000-5f5e1a2b3c4d",
                "event": "alert.raised",
                "brand": "maison-k",
                "session": "0192f1a0-b3c4-7d04-8000-5f5e1a2b3c4d",
                "text": "【注意】Maison K · 秋の新作ライブ 「ニット」の在庫が残り4点です",
                "state": "sent",
                "attempts": 1,
                "created_at": "2021-09-25T05:31:05Z",
                "next_attempt_at": None,
                "sent_at": "2021-09-25T05:31:06Z",
                "error": None,
                "digest": None,
            }
        }
    )

    id: UUID = Field(description="the message's id, the same in each attempt; receivers that got it twice drop one")
    event: str = Field(description="one of the channel's events; `digest` for several messages in one, `test` for a test")
    brand: str | None
    session: UUID | None
    text: str = Field(description="the message in the channel's language")
    state: Literal["queued", "sent", "failed"] = Field(description="of a message in a digest: the state of the digest")
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None = Field(description="earliest moment of the next attempt; null if there will be none")
    sent_at: datetime | None
    error: str | None = Field(description="why the latest attempt failed: a status, or the platform's error code")
    digest: UUID | None = Field(description="the digest that carries the message")


class ChannelTest(ResponseModel):
    """The outcome of a test message."""

    model_config = ConfigDict(json_schema_extra={"example": {"ok": False, "delivery": _ID, "error": "errcode 93000"}})

    ok: bool = Field(description="whether the receiver accepted the message")
    delivery: UUID = Field(description="the test in the list of deliveries")
    error: str | None = Field(description="why not")
