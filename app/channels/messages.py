"""The texts of messages, in the language of a channel.

In: what happened, as the outbox stored it. Out: a `Text`. Never here: formats of receivers, I/O.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from app.channels.kinds.protocol import Text
from app.kpis.documents.headline import headline_text
from app.labels.catalogue import Language, label, label_or, name_in
from app.labels.notation import money_text
from app.live.alert_texts import alert_text, kpi_name
from app.live.alerts import Alert, Level

DIGEST, TEST = "digest", "test"
"""Events of deliveries that no outbox made: several messages in one, and the test of a channel."""
_SEPARATOR = " · "


class Stored(NamedTuple):
    """A message as the outbox stored it."""

    event: str
    content: Mapping[str, Any]
    created_at: datetime


def text_of(message: Stored, language: Language, page: str | None = None) -> Text:
    """Return a message in words; `page` is the public URL of the dashboard, which is then linked."""
    content = message.content
    if message.event == DIGEST:
        return digest_text([Stored(one["event"], one["content"], message.created_at) for one in content["messages"]], language)
    what = label(f"channel.title.{message.event}{_level(message)}", language)
    where = _SEPARATOR.join(filter(None, (content.get("brand", {}).get("name"), content.get("session", {}).get("title"))))
    title = label("channel.title", language).format(what=what, where=_one_line(where)).rstrip()
    lines = [_one_line(line) for line in _LINES[message.event](content, language)]
    document = _document(message, "\n".join(lines))
    if page is not None and "session" in content:
        lines.append(f"{page}/#/live/{content['session']['id']}")
    return Text(title, lines, document)


def _level(message: Stored) -> str:
    return f".{message.content['alert']['level']}" if message.event == "alert.raised" else ""


def _document(message: Stored, text: str) -> dict[str, Any]:
    moment = message.created_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"type": message.event, "timestamp": moment, "data": {**message.content, "text": text}}


def digest_text(messages: Sequence[Stored], language: Language) -> Text:
    """Return several messages as one, a line for each."""
    title = label("channel.title", language).format(
        what=label("channel.digest", language).format(count=len(messages)), where=""
    )  # fmt: skip
    return Text(title.rstrip(), [digest_line(one, language) for one in messages], {})


def digest_line(message: Stored, language: Language) -> str:
    """Return a message as one line of a digest."""
    text = text_of(message, language)
    return f"{text.title} {text.lines[0]}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


# --- What each event says -------------------------------------------------------------------------------------------------------


def _raised(content: Mapping[str, Any], language: Language) -> list[str]:
    found = content["alert"]
    since = datetime.fromisoformat(found["since"])
    # Messages of earlier versions name no KPI.
    of = (found["product"], found.get("kpi"), found.get("currency"))
    alert = Alert(found["code"], Level(found["level"]), since, found["figures"], *of)
    return [alert_text(alert, {found["product"]: found["names"]}, language)]


def _cleared(content: Mapping[str, Any], language: Language) -> list[str]:
    found = content["alert"]
    if content.get("off_air"):
        return [label("channel.text.alert.cleared.off_air", language).format(alert=_raised(content, language)[0])]
    kpi = found.get("kpi")
    name = kpi_name(kpi, language) if kpi else name_in(found["names"], language) or found["product"] or ""
    return [label(f"channel.text.alert.cleared.{found['code']}", language).format(name=name)]


def _started(content: Mapping[str, Any], language: Language) -> list[str]:
    del content
    return [label("channel.text.session.started", language)]


def _ended(content: Mapping[str, Any], language: Language) -> list[str]:
    figures = headline_text(content["figures"], content["currency"], language)
    return [label("channel.text.session.ended", language), *filter(None, [figures])]


def _released(content: Mapping[str, Any], language: Language) -> list[str]:
    text = label("channel.text.revision.created", language).format(number=content["revision"]["number"])
    return [text, *filter(None, [headline_text(content["figures"], content["currency"], language)])]


def _issued(content: Mapping[str, Any], language: Language) -> list[str]:
    found = content["settlement"]
    amount = money_text(found["payable_to_brand"], found["currency"], language)
    return [label("channel.text.settlement.issued", language).format(month=found["month"], number=found["number"], amount=amount)]


def _failing(content: Mapping[str, Any], language: Language) -> list[str]:
    found = content["connection"]
    text = label("channel.text.connection.failing", language).format(name=found["name"], kind=found["kind"])
    words = label_or(f"connection_error.{found['code']}", "", language)
    return [text, *filter(None, [" ".join(filter(None, (words, found["reason"])))])]


def _test(content: Mapping[str, Any], language: Language) -> list[str]:
    del content
    return [label("channel.text.test", language)]


_LINES: Mapping[str, Callable[[Mapping[str, Any], Language], list[str]]] = {
    "alert.raised": _raised,
    "alert.cleared": _cleared,
    "session.started": _started,
    "session.ended": _ended,
    "revision.created": _released,
    "settlement.issued": _issued,
    "connection.failing": _failing,
    TEST: _test,
}
