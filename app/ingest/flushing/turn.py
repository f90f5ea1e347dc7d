"""Turn: what a flush tells the others while it goes on.

In: nothing. Out: the moments at which another flush may begin. Never here: which one begins.
"""


class Turn:
    """The turn of a flush that no other waits for; each step may end more than once."""

    def folded(self) -> None:
        """Say that the flush has folded its events; what follows is mostly the database's work."""

    def committing(self) -> None:
        """Say that only the wait for the WAL flush remains."""


ALONE = Turn()
