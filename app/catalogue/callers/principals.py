"""Callers by their credentials: what event streams and tickets hold of a caller, valid as long as the caller is.

In: credentials (`Principal.credential`). Out: principals, as they are now. Never here: secrets.
"""

from collections.abc import Collection, Mapping
from uuid import UUID

from app.catalogue.access import Principal
from app.catalogue.callers.devices import DeviceStore
from app.catalogue.callers.key_store import ApiKeyStore


class Principals:
    """Looks callers up again after their secret was verified."""

    def __init__(self, keys: ApiKeyStore, devices: DeviceStore) -> None:
        """Look into both stores."""
        self._keys = keys
        self._devices = devices

    async def of(self, credentials: Collection[str]) -> Mapping[str, Principal]:
        """Return the callers that are still valid, by credential."""
        named = [credential.partition(":") for credential in credentials]
        keys = [name for kind, _, name in named if kind == "key"]
        devices = [UUID(name) for kind, _, name in named if kind == "device"]
        found = list((await self._keys.of(keys)).values()) if keys else []
        if devices:
            found += (await self._devices.of(devices)).values()
        return {principal.credential: principal for principal in found}
