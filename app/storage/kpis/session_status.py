"""The status of a session's figures.

In: when a session began and ended, what is released of it, whether a room is on air. Out: the status that the catalogue, the KPIs
and the API share. Never here: which room is on air. `sessions_page` in catalogue.sql filters by the same rule.
"""

from datetime import datetime
from enum import StrEnum


class SessionStatus(StrEnum):
    """How settled the figures of a session are."""

    SCHEDULED = "scheduled"
    LIVE = "live"
    PROVISIONAL = "provisional"
    FINAL = "final"

    @classmethod
    def of(cls, started_at: datetime | None, ended_at: datetime | None, revision: int | None, *, on_air: bool) -> "SessionStatus":
        """Return the status: live while a room is on air, final once released, scheduled before the start, else provisional."""
        if on_air:
            return cls.LIVE
        if revision is not None:
            return cls.FINAL
        return cls.SCHEDULED if started_at is None and ended_at is None else cls.PROVISIONAL

    @property
    def is_over(self) -> bool:
        """Return whether the session has begun and no room is on air any more."""
        return self in {SessionStatus.PROVISIONAL, SessionStatus.FINAL}
