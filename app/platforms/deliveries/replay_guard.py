"""What a signature does not cover, bound to what it does cover at its first use.

In: a signed value, and what came with it. Out: whether this is the first use, or a repetition. Never here: signatures.

Two kinds of deliveries need it. Some signatures cover a time and a nonce and not the body: an observer of one could sign any body
with it. Some cover the body and not the header that names its kind: the same body could come again as another kind. The first
use decides, for all processes; another body under the same nonce, or another kind of the same body, is refused.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.adapters.protocol import Binding, Refused
from app.storage.database import Database
from app.storage.queries import queries

_SQL = queries("platforms/platforms")


@dataclass(frozen=True, slots=True)
class ReplayGuard:
    """Remembers bindings in the database, for as long as a signature may be used."""

    database: Database

    async def require(self, connection_id: UUID, binding: Binding, now: datetime) -> None:
        """Accept a signed key that is new, or bound to this value already.

        Raises:
            Refused: 401, it is bound to another value.
        """
        async with self.database.acquire() as connection:
            bound = await connection.fetchval(
                _SQL["bind_delivery"], connection_id, binding.key, binding.value, now + binding.kept_for
            )
        if bound != binding.value:
            raise Refused(401, "the signature was used for another delivery")
