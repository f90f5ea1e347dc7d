"""Encryption at rest of the secrets of connections and channels, and the pseudonym key.

In: the deployment's secret key and the previous one. Out: encrypted bytes, and back. Never here: storage of encrypted data,
except the pseudonym key, which stays the same for the life of a database.
"""

import base64
from hashlib import blake2b

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.ingest.receiving.privacy import PrivacyKeys
from app.settings import Settings
from app.storage.database import Database, DatabaseUnreachableError
from app.storage.queries import queries

_SQL = queries("platforms/platforms")
_PEOPLE = "people"


class UnreadableError(Exception):
    """Encrypted with neither the present secret key nor the previous one."""


class WrongSecretKeyError(DatabaseUnreachableError):
    """The secret key is not the one that this database was created with."""


class SecretCipher:
    """Encrypts with the present secret key; decrypts with the present or the previous one."""

    def __init__(self, secret: str, previous: str | None = None) -> None:
        """Derive one encryption key from each secret key."""
        secrets = [secret] if previous is None else [secret, previous]
        keys = [PrivacyKeys.derive_key(text, b"connections") for text in secrets]
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])
        self._digest_key = keys[0]

    def encrypt(self, body: bytes) -> bytes:
        """Return the bytes encrypted."""
        return self._fernet.encrypt(body)

    def decrypt(self, sealed: bytes) -> bytes:
        """Decrypt the bytes.

        Raises:
            UnreadableError: neither key opens them.
        """
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise UnreadableError from None

    def reencrypt(self, sealed: bytes) -> bytes:
        """Encrypt the content again with the present key.

        Raises:
            UnreadableError: neither key opens them.
        """
        try:
            return self._fernet.rotate(sealed)
        except InvalidToken:
            raise UnreadableError from None

    def digest(self, *parts: str) -> str:
        """Return 32 hex digits that identify secrets without revealing them."""
        return blake2b("\0".join(parts).encode(), digest_size=16, key=self._digest_key).hexdigest()


async def load_privacy_keys(database: Database, settings: Settings, cipher: SecretCipher) -> PrivacyKeys:
    """Return the privacy keys, with the pseudonym key that survives a rotation of the secret key.

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
    """Re-encrypt everything with the present key, so that the previous one can be removed; return the number of rows.

    Safe to repeat and to break off. What neither key opens stays as it is.
    """
    changed = 0
    async with database.transaction() as connection:
        await connection.execute(_SQL["forget_tokens"])
    async with database.acquire() as connection:
        for table, renew in (
            ("sealed_keys", cipher.reencrypt),
            ("connections", cipher.reencrypt),
            ("channels", cipher.reencrypt),
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
                    # Only rows that have not changed since they were read: a concurrent change used the present key.
                    await connection.execute(_SQL[f"reencrypt_{table}"], row["place"], row["rest"], row["sealed"], sealed)
                    changed += 1
                after = (rows[-1]["place"], rows[-1]["rest"])
    return changed
