"""Server-sent events, composed once per language and edition and shared by all subscribers.

In: a session state, a view. Out: a `Frame`. Never here: subscribers, time, I/O.

Only the last event of an update carries the revision; earlier events carry it with a trailing `-`. A client that reconnects
with such an id receives a full snapshot.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

from pydantic_core import to_json

from app.labels.catalogue import Language
from app.live.session_state import DOCUMENTS, SessionState


class View(NamedTuple):
    """Who sees the same frame: readers of a language, inside or outside the agency."""

    language: Language
    client: bool


NOTHING: Sequence[bytes] = (b"",) * len(DOCUMENTS)
"""The digests of a new subscriber, which has no documents."""
_TIMELESS = {"as_of": None, "to": None}


@dataclass(slots=True)
class Frame:
    """The state of a session in one view."""

    bodies: Sequence[bytes]
    """`event` and `data` of each of `DOCUMENTS`."""
    digests: Sequence[bytes]
    revision: str
    _updates: dict[int, bytes] = field(default_factory=dict)

    def since(self, seen: Sequence[bytes]) -> bytes:
        """Return the events whose documents differ from those seen: a snapshot, an update, or nothing at all."""
        wanted = 0
        for number, digest in enumerate(self.digests):
            if digest != seen[number]:
                wanted |= 1 << number
        update = self._updates.get(wanted)
        if update is None:
            update = self._updates[wanted] = self._compose([body for n, body in enumerate(self.bodies) if wanted >> n & 1])
        return update

    def _compose(self, bodies: Sequence[bytes]) -> bytes:
        ids = [f"id: {self.revision}-\n".encode()] * (len(bodies) - 1) + [f"id: {self.revision}\n".encode()]
        return b"".join(part for identity, body in zip(ids, bodies, strict=False) for part in (identity, body))


def frame_of(state: SessionState, view: View) -> Frame:
    """Return the frame of a session state.

    Digests leave out the present moment (`as_of`, the end of the audience's window): a later moment at which all is the same
    is no change. So a revision is the same in every process, and a client may come back to any of them.
    """
    bodies, digests = [], []
    for name in DOCUMENTS:
        document = state.document(name, view.language, client=view.client)
        bodies.append(b"event: %s\ndata: %s\n\n" % (name.encode(), to_json(document)))
        digests.append(blake2b(to_json(document | _TIMELESS), digest_size=12).digest())
    revision = blake2b(b"".join(digests) + view.language.encode(), digest_size=8).hexdigest()
    return Frame(bodies, digests, revision)
