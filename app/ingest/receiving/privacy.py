"""Pseudonyms of persons, and encryption of data that may contain their ids.

In: a platform's id of a person; bytes of a dead letter. Out: a pseudonym; encrypted bytes. Never here: storage.
"""

import base64
from collections.abc import Mapping
from functools import lru_cache, partial
from hashlib import blake2b
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.events.contributions import ForgottenBuyers
from app.events.payload import Payload

DIGEST_BYTES = 8
_BEGUN = 256
"""Platforms, and types of events, for which the beginning of the hash is remembered."""


def _begun(keyed: blake2b, end: str, text: str) -> blake2b:
    found = keyed.copy()
    found.update((text + end).encode())
    return found


def _masked(value: Any, person: object, pseudonym: str) -> Any:
    if isinstance(value, dict):
        return {name: _masked(item, person, pseudonym) for name, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, person, pseudonym) for item in value]
    return pseudonym if value == person else value


def rename_forgotten(payload: Payload, platform: str, forgotten: Mapping[tuple[str, str], ForgottenBuyers]) -> None:
    """Give an event of a forgotten order the order's own pseudonym instead of the person's, which would link it to others.

    Nothing tells which of several forgotten buyers of an order the event names: it gets the first.
    """
    buyer = getattr(payload, "buyer", None)
    found = None if buyer is None else forgotten.get((platform, getattr(payload, "order", "")))
    if found is not None and buyer not in found:
        rename_buyer(payload, buyer, next(iter(found)))


def rename_buyer(payload: Payload, buyer: object, pseudonym: str) -> None:
    """Replace the buyer of an event in place, also where a field of the sender's own repeats it."""
    setattr(payload, "buyer", pseudonym)  # noqa: B010 - the payloads with a buyer have no class of their own
    unknown = getattr(payload, "__pydantic_extra__", None)
    if unknown:
        unknown.update(_masked(unknown, buyer, pseudonym))


class PrivacyKeys:
    """Keys that are derived from the deployment's secret; without it no pseudonym can be traced to a person."""

    def __init__(self, secret: str, previous: str | None = None, people: bytes | None = None) -> None:
        """Derive one key per purpose.

        `previous` is the former secret, with which dead letters may still be encrypted. `people` is the key of the pseudonyms, if
        the deployment stores one: it must not change with the secret, or a viewer would be counted twice.
        """
        key = people or self.derive_key(secret, b"people")
        persons = blake2b(digest_size=16, key=key)
        content = blake2b(digest_size=DIGEST_BYTES, key=key, person=b"content")
        # A copy hashes the key's own block again unless something follows it already.
        self._people = lru_cache(_BEGUN)(partial(_begun, persons, "\0"))
        self._content = lru_cache(_BEGUN)(partial(_begun, content, " "))
        secrets = [secret] if previous is None else [secret, previous]
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(self.derive_key(text, b"letters"))) for text in secrets])

    @staticmethod
    def derive_key(secret: str, purpose: bytes) -> bytes:
        """Return the 32-byte key of a secret for one purpose."""
        return blake2b(secret.encode(), digest_size=32, person=purpose).digest()

    def pseudonym(self, platform: str, person: str) -> str:
        """Return the pseudonym of a person of a platform: 32 hex digits."""
        keyed = self._people(platform).copy()
        keyed.update(person.encode())
        return keyed.hexdigest()

    def content_digest(self, event_type: str, content: bytes) -> bytes:
        """Return 8 bytes by which two contents of a type are compared; without the key they do not reveal a person."""
        keyed = self._content(event_type).copy()
        keyed.update(content)
        return keyed.digest()

    def pseudonymize(self, payload: Payload, platform: str, *, keep_text: bool) -> dict[str, object]:
        """Replace the ids of persons by pseudonyms, and remove text unless `keep_text`; return the former values by field.

        The payload is changed in place, since a copy of each event costs more than its validation.
        """
        before: dict[str, object] = {}
        for field in payload.person_fields:
            person = getattr(payload, field)
            if person is not None:
                before[field] = person
                pseudonym = self.pseudonym(platform, person)
                setattr(payload, field, pseudonym)
                unknown = getattr(payload, "__pydantic_extra__", None)
                if unknown:
                    # A sender that repeats a person's id in a field of its own must not bring it into the log.
                    unknown.update(_masked(unknown, person, pseudonym))
        if not keep_text:
            for field in payload.text_fields:
                before[field] = getattr(payload, field)
                setattr(payload, field, None)
        return before

    def encrypt(self, body: bytes) -> bytes:
        """Return the bytes encrypted: a dead letter may contain raw ids of persons."""
        return self._fernet.encrypt(body)

    def decrypt(self, encrypted: bytes) -> bytes | None:
        """Return the decrypted bytes; None if they were encrypted with another key."""
        try:
            return self._fernet.decrypt(encrypted)
        except InvalidToken:
            return None

    def reencrypt(self, encrypted: bytes) -> bytes:
        """Return the same, encrypted with the present secret.

        Raises:
            InvalidToken: encrypted with neither the present nor the former secret.
        """
        return self._fernet.rotate(encrypted)
