"""Callers by their credentials: what event streams and tickets hold of a caller, valid as long as the caller is.

In: credentials (`Principal.credential`). Out: principals, as they are now. Never here: secrets.
"""

from collections.abc import Collection, Mapping

from app.catalogue.access import Principal
from app.catalogue.key_store import ApiKeyStore


class Principals:
    """Looks callers up again after their secret was verified."""

    def __init__(self, keys: ApiKeyStore) -> None:
        """Look into the store of keys."""
        self._keys = keys

    async def of(self, credentials: Collection[str]) -> Mapping[str, Principal]:
        """Return the callers that are still valid, by credential."""
        keys = [name for kind, _, name in (credential.partition(":") for credential in credentials) if kind == "key"]
        return {principal.credential: principal for principal in (await self._keys.of(keys)).values()} if keys else {}
