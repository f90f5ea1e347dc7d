"""LINE's Messaging API: push messages of an official account to a user, a group or a room.

In, out, never here: as in `protocol`.

Source: developers.line.biz, "Send push message", "Retry failed API requests": `POST /v2/bot/message/push` with the channel access
token, a text of at most 5000 UTF-16 code units, `X-Line-Retry-Key` a UUID by which LINE accepts a request once for 24 hours: 409
means that it has accepted it already. 429 past a rate limit or the month's quota.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from app.channels.kinds.fields import BotOptions, Printable, SecretModel
from app.channels.kinds.protocol import SENT, Answer, Budget, Outcome, Outgoing, Sending, by_status, host_of, json_body, masked

KIND = "line"
API_BASE = "https://api.line.me"
BUDGETS: Sequence[Budget] = ()
OPTIONS = BotOptions
_TITLE = 300
_LIMIT = 5000


class LineSecrets(SecretModel):
    """The channel access token, and who gets the messages."""

    token: Printable = Field(description="channel access token of the Messaging API channel")
    to: Annotated[str, StringConstraints(pattern=r"^[UCR][0-9a-f]{32}$")] = Field(
        description="id of the user, the group or the room: U, C or R and 32 hex digits"
    )


SECRETS = LineSecrets


def _url(options: Mapping[str, Any]) -> str:
    return f"{str(options.get('api_base') or API_BASE).rstrip('/')}/v2/bot/message/push"


def target(secrets: Mapping[str, str], options: Mapping[str, Any]) -> str:
    """Return the host and the end of the receiver's id."""
    return f"{host_of(_url(options))} {masked(secrets['to'])}"


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def fits(lines: Sequence[str]) -> bool:
    """Return whether the lines fit below a title."""
    return sum(_length(line) + 1 for line in lines) + _TITLE <= _LIMIT


def request(sending: Sending) -> Outgoing:
    """Return the request of a message."""
    text = "\n".join([sending.text.title, *sending.text.lines])
    # Cut at a code unit: half a character at the end is dropped.
    text = text.encode("utf-16-le")[: 2 * _LIMIT].decode("utf-16-le", errors="ignore")
    headers = {"Authorization": f"Bearer {sending.secrets['token']}", "X-Line-Retry-Key": str(sending.id)}
    body = {"to": sending.secrets["to"], "messages": [{"type": "text", "text": text}]}
    return Outgoing(_url(sending.options), json_body(body), headers)


def outcome(answer: Answer) -> Outcome:
    """Return what the answer means."""
    return SENT if answer.status == 409 else by_status(answer) or SENT
