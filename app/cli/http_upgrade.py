"""Requests that offer another protocol, as Java's client does with `Upgrade: h2c`: they are answered as if they did not.

In: a parser's callbacks. Out: the same, but for one head. Never here: another protocol.

The parser ends at the head of such a request: it takes the body and what follows for the other protocol. A new parser is given as
much of the head again as says where the body ends, and reads on.
"""

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_FRAMING = frozenset((b"content-length", b"transfer-encoding"))


class _AfterHead:
    """Passes a parser's callbacks on from the end of the first head."""

    def __init__(self, protocol: HttpToolsProtocol) -> None:
        self._protocol = protocol
        self._in_first_head = True
        self.on_body = protocol.on_body
        self.on_message_complete = protocol.on_message_complete

    def on_message_begin(self) -> None:
        if not self._in_first_head:
            self._protocol.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if not self._in_first_head:
            self._protocol.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_first_head:
            self._protocol.on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._in_first_head:
            self._in_first_head = False
        else:
            self._protocol.on_headers_complete()


def read_on(protocol: HttpToolsProtocol, rest: bytes | memoryview) -> None:
    """Read the body of a request whose head offers another protocol, and what follows it.

    Raises:
        httptools.HttpParserError: the rest is no HTTP.
        httptools.HttpParserUpgrade: a further request offers another protocol; its argument is where the rest of `rest` begins.
    """
    framing = b"".join(b"%s: %s\r\n" % header for header in protocol.headers if header[0] in _FRAMING)
    protocol.parser = httptools.HttpRequestParser(_AfterHead(protocol))
    protocol.parser.feed_data(b"POST / HTTP/1.1\r\n%s\r\n" % framing)
    protocol.parser.feed_data(rest)
