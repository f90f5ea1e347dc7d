"""Keyed hashes for people, and sealing for what may hold their ids in clear.

In: a platform's id of a person; bytes that could not be taken. Out: a pseudonym; sealed bytes. Never here: storage.
"""

import base64
from hashlib import blake2b

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.events.payload import Payload


class PrivacyKeys:
    """Derives its keys from the deployment's secret; without the secret no pseudonym leads back to a person."""

    def __init__(self, secret: str, previous: str | None = None, people: bytes | None = None) -> None:
        """Derive one key per purpose.

        `previous` is the secret before this one, with which letters may still be sealed. `people` is the key of the
        pseudonyms, where the deployment keeps one: it must not change with the secret, or one viewer would be counted twice.
        """
        self._people = blake2b(digest_size=16, key=people or self.derive_key(secret, b"people"))
        secrets = [secret] if previous is None else [secret, previous]
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(self.derive_key(text, b"letters"))) for text in secrets])

    @staticmethod
    def derive_key(secret: str, purpose: bytes) -> bytes:
        """Return the 32 bytes that a secret stands for in one purpose."""
        return blake2b(secret.encode(), digest_size=32, person=purpose).digest()

    def pseudonym(self, platform: str, person: str) -> str:
        """Return 32 hex digits that stand for a person of a platform."""
        keyed = self._people.copy()  # the key's own block is hashed already
        keyed.update(f"{platform}\0{person}".encode())
        return keyed.hexdigest()

    def pseudonymize(self, payload: Payload, platform: str, *, keep_text: bool) -> dict[str, object]:
        """Make a payload fit to be stored: people become pseudonyms, a comment's text stays only where it is kept.

        Returns what was there before, by field. The payload changes in place, since a copy of every event costs more
        than its validation.
        """
        before: dict[str, object] = {}
        for field in payload.person_fields:
            person = getattr(payload, field)
            if person is not None:
                before[field] = person
                setattr(payload, field, self.pseudonym(platform, person))
        if not keep_text:
            for field in payload.text_fields:
                before[field] = getattr(payload, field)
                setattr(payload, field, None)
        return before

    def encrypt(self, body: bytes) -> bytes:
        """Return the bytes encrypted: a letter that could not be read may hold anything, raw ids included."""
        return self._fernet.encrypt(body)

    def decrypt(self, sealed: bytes) -> bytes | None:
        """Return the bytes again; None when they were sealed with another key."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            return None

    def reencrypt(self, sealed: bytes) -> bytes:
        """Return the same, sealed with the present secret.

        Raises:
            InvalidToken: sealed with neither the present nor the previous secret.
        """
        return self._fernet.rotate(sealed)
