"""Webhooks of any program, signed by Standard Webhooks 1.0.0.

In, out, never here: as in `protocol`.

Source: the Standard Webhooks specification: headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, a body of `type`,
`timestamp` and `data`; any 2xx is success, 410 says that the receiver is gone, everything else is retried. With a previous secret
the request has two signatures, so that the receiver can change to the new one at any time.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from app.adapters.signatures import from_base64, standard_webhook
from app.channels.kinds.fields import BotOptions, Printable, SecretModel, WebhookUrl
from app.channels.kinds.protocol import (
    SENT,
    Answer,
    Budget,
    Outcome,
    Outgoing,
    Sending,
    host_of,
    json_body,
    masked,
    moved,
    retry_after,
)

KIND = "webhook"
API_BASE = None
BUDGETS: Sequence[Budget] = ()
OPTIONS = BotOptions
_GONE = 410


def _key(secret: str) -> bytes:
    return from_base64(secret.removeprefix("whsec_")) or b""


def _signing(secret: str) -> str:
    if not 24 <= len(_key(secret)) <= 64:
        raise PydanticCustomError("webhook_secret", "must be whsec_ and the base64 of 24 to 64 bytes")
    return secret


SigningSecret = Annotated[Printable, AfterValidator(_signing)]


class WebhookSecrets(SecretModel):
    """The receiver's address, and the key of the signature."""

    url: WebhookUrl = Field(description="the receiver's address")
    secret: SigningSecret = Field(description="`whsec_` and the base64 of 24 to 64 random bytes, which the receiver knows too")
    previous_secret: SigningSecret | None = Field(
        default=None, description="signs beside `secret` while receivers change to that"
    )


SECRETS = WebhookSecrets


def target(secrets: Mapping[str, str], options: Mapping[str, Any]) -> str:
    """Return the host and the end of the address."""
    url = moved(secrets["url"], options)
    return f"{host_of(url)} {masked(url)}"


def fits(lines: Sequence[str]) -> bool:
    """Return true: a program has no limit."""
    del lines
    return True


def request(sending: Sending) -> Outgoing:
    """Return the request of a message."""
    body = json_body(sending.text.document)
    identity, timestamp = f"msg_{sending.id.hex}", str(int(sending.now.timestamp()))
    keys = [_key(sending.secrets[name]) for name in ("secret", "previous_secret") if sending.secrets.get(name)]
    signatures = [base64.b64encode(standard_webhook(key, identity, timestamp, body)).decode() for key in keys]
    headers = {
        "webhook-id": identity,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
    return Outgoing(moved(sending.secrets["url"], sending.options), body, headers)


def outcome(answer: Answer) -> Outcome:
    """Return what the answer means."""
    if 200 <= answer.status < 300:
        return SENT
    if answer.status == _GONE:
        return Outcome("refused", "status 410")
    return Outcome("retry", f"status {answer.status}", retry_after(answer))
