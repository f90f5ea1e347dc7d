"""The actions of the commands, as the audit log names them.

In: what a command is about to do. Out: the current action of a block. Never here: the row itself (`storage.audit`).
"""

import getpass
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from app.storage.audit import Action, Actor, acting


def acting_as_command(action: str, object_id: object = None) -> AbstractContextManager[None]:
    """Make this the action of the writes in a block; its principal is the shell's user."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user without a name
        user = None
    named = None if object_id is None else str(object_id)
    return acting(Action(action, Actor("command", "tallylight", user), datetime.now(UTC), named))
