"""Write coalescing: writes of one turn of the loop are sent together, and nothing is sent on a closed connection."""

import asyncio
from typing import Any, cast

from app.cli.http_answers import WriteCoalescing


class _Wire:
    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closing = False

    def write(self, data: bytes) -> None:
        """Send, as the loop's transports do."""
        if self.closing:
            raise RuntimeError("the handler is closed")
        self.sent.append(data)

    def close(self) -> None:
        """Close."""
        self.closing = True

    def abort(self) -> None:
        """Abort."""
        self.closing = True

    def is_closing(self) -> bool:
        """Return whether it is closed."""
        return self.closing


def _pair() -> tuple[_Wire, Any]:
    wire = _Wire()
    return wire, WriteCoalescing(cast("asyncio.Transport", wire), asyncio.get_running_loop())


async def test_one_turn_is_one_write() -> None:
    """Head and body are sent together, bytes of the next turn separately, in order."""
    wire, transport = _pair()
    transport.write(b"head ")
    transport.write(b"body")
    assert not wire.sent
    await asyncio.sleep(0)
    transport.write(b"more")
    await asyncio.sleep(0)
    assert [b"head body", b"more"] == wire.sent


async def test_a_close_sends_what_is_kept() -> None:
    """The last response of a connection is not lost."""
    wire, transport = _pair()
    transport.write(b"last")
    transport.close()
    await asyncio.sleep(0)
    assert [b"last"] == wire.sent
    assert transport.is_closing()


async def test_nothing_is_sent_to_who_left() -> None:
    """A connection that is closed between the response and the end of the turn raises nothing."""
    wire, transport = _pair()
    transport.write(b"too late")
    transport.abort()
    await asyncio.sleep(0)
    assert not wire.sent
