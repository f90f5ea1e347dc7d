"""What adapters say of a message is one line, whatever the sender wrote."""

import pytest

from app.adapters.event_collector import EventCollector
from app.adapters.protocol import Context


@pytest.mark.parametrize("written", ["\nlive.metrics", "live\r\n.metrics", "live\x00.metrics\u2028", "live.\ud800metrics"])
def test_a_reason_is_one_line(written: str) -> None:
    """Line breaks, control characters and halves of characters in the name of a message."""
    found = EventCollector(Context("//tests"))
    found.unknown(f"{written}: no event type of ours", {})
    found.ignore(written)
    parsed = found.result()
    for text in (parsed.unknown[0].reason, parsed.ignored[0]):
        assert text.isprintable(), repr(text)
        assert "metrics" in text
