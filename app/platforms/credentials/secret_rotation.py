"""How a secret replaces another: the previous one stays valid beside it, until its end.

In: secrets before a change, and the change. Out: secrets after it, and the end of the previous one. Never here: encryption.
"""

from collections.abc import Container, Mapping
from datetime import datetime
from typing import Any

from app.problems import invalid

PREVIOUS = "previous_secret"
_EXPIRY = "/previous_secret_expires_at"


def merged_secrets(known: Container[str], old: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """Return secrets after a change; a kind that knows `previous_secret` keeps the one that a new `secret` replaces."""
    merged: dict[str, str | None] = {**old, **changes}
    rotated = changes.get("secret") not in {None, old.get("secret")}
    if rotated and PREVIOUS in known and PREVIOUS not in changes and "secret" in old:
        # Senders and receivers that still use the old secret go on.
        merged[PREVIOUS] = old["secret"]
    return {name: value for name, value in merged.items() if value}


def without_expired(secrets: Mapping[str, str], until: datetime | None, now: datetime) -> dict[str, str]:
    """Return the secrets that are valid now; `until` is the end of the previous one, None if it has none."""
    over = until is not None and until <= now
    return {name: value for name, value in secrets.items() if not (over and name == PREVIOUS)}


def expiry_given(changes: dict[str, Any]) -> tuple[datetime | None] | None:
    """Take the end of the previous secret out of the fields of a patch; None if the patch does not name it."""
    return (changes.pop("previous_secret_expires_at"),) if "previous_secret_expires_at" in changes else None


def end_of_previous(
    before: tuple[Mapping[str, str], datetime | None],
    after: Mapping[str, str],
    given: tuple[datetime | None] | None,
    now: datetime,
) -> datetime | None:
    """Return when the previous secret ends after a change; another one than `before` has no end unless it is `given`.

    Raises:
        ProblemError: 422 for an end without a previous secret, or one that is over.
    """
    secrets, until = before
    if given is None:
        return until if after.get(PREVIOUS) == secrets.get(PREVIOUS) else None
    (end,) = given
    if end is not None and PREVIOUS not in after:
        raise invalid(_EXPIRY, "there is no previous secret", "no_previous_secret")
    if end is not None and end <= now:
        raise invalid(_EXPIRY, "must be in the future; to end it now, remove secrets.previous_secret", "in_future")
    return end
