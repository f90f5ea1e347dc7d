"""The server's transport: what is written in one turn goes out in one piece, and nothing goes to who left."""

import asyncio
from typing import Any, cast

from app.cli.serve import _WriteCoalescing


class _Wire:
    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closing = False

    def write(self, data: bytes) -> None:
        """As the loop's own transports do."""
        if self.closing:
            raise RuntimeError("the handler is closed")
        self.sent.append(data)

    def close(self) -> None:
        """Close in order."""
        self.closing = True

    def abort(self) -> None:
        """Close at once."""
        self.closing = True

    def is_closing(self) -> bool:
        """Tell whether it is closed."""
        return self.closing


def _pair() -> tuple[_Wire, Any]:
    wire = _Wire()
    return wire, _WriteCoalescing(cast("asyncio.Transport", wire), asyncio.get_running_loop())


async def test_one_turn_is_one_write() -> None:
    """Head and body go together, the next turn's bytes by themselves, in order."""
    wire, transport = _pair()
    transport.write(b"head ")
    transport.write(b"body")
    assert not wire.sent
    await asyncio.sleep(0)
    transport.write(b"more")
    await asyncio.sleep(0)
    assert [b"head body", b"more"] == wire.sent


async def test_a_close_sends_what_is_kept() -> None:
    """The last answer of a connection is not lost."""
    wire, transport = _pair()
    transport.write(b"last")
    transport.close()
    await asyncio.sleep(0)
    assert [b"last"] == wire.sent
    assert transport.is_closing()


async def test_nothing_is_sent_to_who_left() -> None:
    """A connection that broke between the answer and the end of the turn raises nothing."""
    wire, transport = _pair()
    transport.write(b"too late")
    transport.abort()
    await asyncio.sleep(0)
    assert not wire.sent
