"""Stream tickets: short-lived URL credentials for a browser's EventSource, which cannot send an API key in a header.

In: a session, a caller. Out: a signed text, and back. Never here: a table, the API key itself.

The signing key is derived from the deployment's secret, so every process can check a ticket. A ticket opens one stream of one
session for about a minute. It names its key or device, so revoking that also ends the stream.
"""

import base64
import binascii
import hmac
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from uuid import UUID

PREFIX = "tlt_"
"""The prefix by which the logs mask a ticket."""
_HEAD = struct.Struct(">Q16s")
_SIGNATURE_BYTES = 24
_LONGEST = 512


@dataclass(frozen=True, slots=True)
class Ticket:
    """A session, and whose permissions count."""

    session: UUID
    credential: str
    """`Principal.credential` of the caller, whose role and brand are looked up when the ticket is used."""


class TicketSigner:
    """Signs and checks tickets."""

    def __init__(self, secret: str, previous: str | None, lifetime: timedelta) -> None:
        """Derive the keys; tickets of the previous secret are valid until they expire."""
        self._keys = [_derive(text) for text in (secret, previous) if text is not None]
        self._lifetime = lifetime

    def issue(self, ticket: Ticket, now: datetime) -> tuple[str, datetime]:
        """Return the ticket's text and when it expires."""
        expires = int((now + self._lifetime).timestamp())
        body = _HEAD.pack(expires, ticket.session.bytes) + ticket.credential.encode()
        return PREFIX + _encode(body + _sign(self._keys[0], body)), datetime.fromtimestamp(expires, UTC)

    def check(self, text: str, now: datetime) -> Ticket | None:
        """Return what a ticket allows; None for one that is forged, damaged or expired."""
        if not text.startswith(PREFIX) or len(text) > _LONGEST:
            return None
        coded = text.removeprefix(PREFIX)
        try:
            raw = base64.b64decode(coded + "=" * (-len(coded) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        if _encode(raw) != coded:
            return None  # base64 has several spellings of the same bytes; a ticket has one
        body, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
        if len(body) <= _HEAD.size or not any(hmac.compare_digest(_sign(key, body), signature) for key in self._keys):
            return None
        expires, session = _HEAD.unpack_from(body)
        if now.timestamp() >= expires:
            return None
        return Ticket(UUID(bytes=session), body[_HEAD.size :].decode())


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _derive(secret: str) -> bytes:
    return blake2b(secret.encode(), digest_size=32, person=b"stream tickets").digest()


def _sign(key: bytes, body: bytes) -> bytes:
    return blake2b(body, key=key, digest_size=_SIGNATURE_BYTES).digest()
