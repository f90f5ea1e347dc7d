"""One cache of compiled SQL for all databases of a test process, as a server has one for all of its requests.

In: the engines that the application makes. Out: the same engines, which share what was compiled. Never here: SQL.

SQLAlchemy keeps compiled statements by engine and dialect, and nearly every test has an engine of its own: each would compile the
same statements again, a tenth of its computing.
"""

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

_compiled: dict[Any, Any] = {}


class SharingDialect(PGDialect_asyncpg):
    """The dialect of asyncpg; all of its instances are alike, since they are of servers of one version."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        """Tell whether the other one is such a dialect too."""
        return isinstance(other, SharingDialect)

    def __hash__(self) -> int:
        """Return the same for all of them."""
        return hash(SharingDialect)

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        """Give a new engine the common cache."""
        engine.update_execution_options(compiled_cache=_compiled)


def share() -> None:
    """Let engines that are made from now on share what they compile."""
    registry.register("postgresql.asyncpg", __name__, SharingDialect.__name__)
