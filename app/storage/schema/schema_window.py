"""Which schemas a version serves, and which versions a schema takes: what lets servers of two versions run side by side.

In: the migrations, a database's revision and the note that its migration left. Out: whether a server may run there. Never here:
running a migration (`migrate`), words.

A migration declares two things beside its revision, where they are not what a cautious reader would assume:

- `servers_from`: the oldest revision whose servers may go on while and after it runs. By default its own: all must be stopped.
- `needed`: whether this version's servers need it. By default they do. One that only adds an index, or removes what nothing reads
  any more, is not: servers start before it.

A server that is older than its database cannot read the newer declarations, so `tallylight migrate` notes the result in the
database.
"""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from alembic.script import Script

NOTE = "COMMENT ON TABLE alembic_version IS 'servers from {}'"
_NOTED = "servers from "


class SchemaFit(Enum):
    """How a database's schema and a version of the code go together."""

    CURRENT = "current"
    PENDING = "pending"
    """The schema is an earlier one, which this version serves; a migration is to follow."""
    NEWER = "newer"
    """A later version has migrated the database, and lets this one go on."""
    UNFIT = "unfit"


class SchemaState(NamedTuple):
    """What a database says of its schema."""

    revision: str | None
    """None in an empty database."""
    note: str | None
    """The comment that the last migration left."""


class Window(NamedTuple):
    """The revisions that a version of the code knows, oldest first, and its two limits."""

    known: Sequence[str]
    serves_from: str
    """The oldest schema that this version serves."""
    servers_from: str
    """The oldest version whose servers may run on this version's schema."""

    def fit(self, state: SchemaState) -> SchemaFit:
        """Return how a database goes together with this version."""
        if state.revision == self.known[-1]:
            return SchemaFit.CURRENT
        if state.revision in self.known:
            late = self.known.index(self.serves_from) <= self.known.index(state.revision)
            return SchemaFit.PENDING if late else SchemaFit.UNFIT
        allowed = (state.note or "").removeprefix(_NOTED) if (state.note or "").startswith(_NOTED) else None
        return SchemaFit.NEWER if allowed in self.known else SchemaFit.UNFIT


def window_of(scripts: Sequence[Script]) -> Window:
    """Return the window of these migrations, oldest first."""
    known = [script.revision for script in scripts]
    serves_from = len(scripts) - 1
    while serves_from > 0 and not getattr(scripts[serves_from].module, "needed", True):
        serves_from -= 1
    servers_from = max(known.index(getattr(script.module, "servers_from", script.revision)) for script in scripts)
    return Window(known, known[serves_from], known[servers_from])
