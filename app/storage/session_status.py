"""The status of a session's figures.

In: nothing. Out: the enum that the catalogue, the KPIs and the API share. Never here: the rules that choose a status.
"""

from enum import StrEnum


class SessionStatus(StrEnum):
    """How settled the figures of a session are."""

    SCHEDULED = "scheduled"
    LIVE = "live"
    PROVISIONAL = "provisional"
    FINAL = "final"
