"""The vault: what a connection must keep secret, encrypted at rest.

In: the deployment's secret key, the one before it. Out: sealed bytes, and back. Never here: storage of what is sealed, but for
the key of the pseudonyms, which stays the same for the life of a database.
"""

import base64
from hashlib import blake2b

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.ingest.privacy import PrivacyKeys
from app.settings import Settings
from app.storage.database import Database, DatabaseUnreachableError
from app.storage.queries import queries

_SQL = queries("platforms")
_PEOPLE = "people"


class UnreadableError(Exception):
    """Sealed with a key that is neither the present one nor the one before it."""


class WrongSecretKeyError(DatabaseUnreachableError):
    """The secret key is not the one that this database was used with."""


class SecretCipher:
    """Seals with the present secret; opens what the present or the previous one has sealed."""

    def __init__(self, secret: str, previous: str | None = None) -> None:
        """Derive a key of its own from each secret."""
        secrets = [secret] if previous is None else [secret, previous]
        keys = [PrivacyKeys.derive_key(text, b"connections") for text in secrets]
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])
        self._digest_key = keys[0]

    def encrypt(self, body: bytes) -> bytes:
        """Return the bytes encrypted."""
        return self._fernet.encrypt(body)

    def decrypt(self, sealed: bytes) -> bytes:
        """Return the bytes again.

        Raises:
            UnreadableError: neither key opens them.
        """
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise UnreadableError from None

    def reencrypt(self, sealed: bytes) -> bytes:
        """Return the same, sealed with the present key.

        Raises:
            UnreadableError: neither key opens them.
        """
        try:
            return self._fernet.rotate(sealed)
        except InvalidToken:
            raise UnreadableError from None

    def digest(self, *parts: str) -> str:
        """Return 32 hex digits that stand for secrets without telling them."""
        return blake2b("\0".join(parts).encode(), digest_size=16, key=self._digest_key).hexdigest()


async def load_privacy_keys(database: Database, settings: Settings, cipher: SecretCipher) -> PrivacyKeys:
    """Return the sealer whose pseudonyms outlive a rotation of the secret key.

    The first start derives their key from the secret and keeps it, sealed; every later start opens it.

    Raises:
        WrongSecretKeyError: neither the secret key nor the previous one opens it.
    """
    secret, previous = settings.secret(), settings.previous_secret()
    derived = PrivacyKeys.derive_key(previous or secret, b"people")
    async with database.acquire() as connection:
        sealed = await connection.fetchval(_SQL["sealed_key"], _PEOPLE)
        if sealed is None:
            await connection.execute(_SQL["keep_sealed_key"], _PEOPLE, cipher.encrypt(derived))
            sealed = await connection.fetchval(_SQL["sealed_key"], _PEOPLE)
    try:
        people = cipher.decrypt(sealed)
    except UnreadableError:
        raise WrongSecretKeyError(
            "was used with another TALLYLIGHT_SECRET_KEY. Set that one again; or, to change it, set the former one as "
            "TALLYLIGHT_SECRET_KEY_PREVIOUS and run `tallylight connections rotate-key`"
        ) from None
    return PrivacyKeys(secret, previous, people)


async def reencrypt_all(database: Database, cipher: SecretCipher, privacy_keys: PrivacyKeys) -> int:
    """Seal everything with the present key, so that the previous one may be forgotten; return the number of rows.

    Safe to repeat and to break off. What neither key opens stays as it is.
    """
    changed = 0
    async with database.acquire() as connection:
        await connection.execute(_SQL["forget_tokens"])
        for table, renew in (
            ("sealed_keys", cipher.reencrypt),
            ("connections", cipher.reencrypt),
            ("deliveries", privacy_keys.reencrypt),
            ("dead_letters", privacy_keys.reencrypt),
        ):
            after = ("", "")
            while rows := await connection.fetch(_SQL[f"sealed_{table}"], *after):
                for row in rows:
                    try:
                        sealed = renew(row["sealed"])
                    except (UnreadableError, InvalidToken):
                        continue
                    # Only what has not changed since it was read: a patch in between sealed with the present key anyway.
                    await connection.execute(_SQL[f"reencrypt_{table}"], row["place"], row["rest"], row["sealed"], sealed)
                    changed += 1
                after = (rows[-1]["place"], rows[-1]["rest"])
    return changed
