"""Conditional requests: 304 instead of an answer that the client has.

In: ASGI messages of an answer with an `ETag`. Out: the same, or 304 without a body. Never here: how a tag is made.
"""

from starlette.types import Message, Send

from app.negotiation import matches

_OF_A_BODY = frozenset({b"content-length", b"content-type", b"content-encoding"})


def conditional(send: Send, if_none_match: str) -> Send:
    """Return a `send` that answers 304 if the tag of a successful answer is among those of `If-None-Match`."""
    unchanged = False

    async def send_if_changed(message: Message) -> None:
        nonlocal unchanged
        if message["type"] == "http.response.start" and message["status"] == 200:
            tag = dict(message["headers"]).get(b"etag")
            if tag is not None and matches(if_none_match, tag.decode("latin-1")):
                unchanged = True
                headers = [(name, value) for name, value in message["headers"] if name not in _OF_A_BODY]
                message = {**message, "status": 304, "headers": headers}
        elif unchanged and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_if_changed
