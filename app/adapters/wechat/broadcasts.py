"""The list of a shop's broadcasts, as WeChat's live dashboard states it.

In: a day; or the JSON of the answer. Out: a `Call`; or broadcasts, and a dead letter for each field that cannot be read. Never
here: HTTP, which broadcast belongs to which session.

Source: WeChat API pages (livedashboard/getlivelist).
"""

from dataclasses import dataclass
from datetime import datetime

from app.adapters.event_collector import EventCollector
from app.adapters.figures import Figures
from app.adapters.parsing import as_map, identifier, is_set
from app.adapters.protocol import Context, Parsed
from app.adapters.wechat.api import Call, checked, listed_in


@dataclass(frozen=True, slots=True)
class Broadcast:
    """One e-commerce broadcast of a day."""

    export_id: str
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class Broadcasts:
    """The broadcasts of a day."""

    listed: tuple[Broadcast, ...]
    has_more: bool
    """The list has no cursor."""
    parsed: Parsed
    """Dead letters of what cannot be read."""


def broadcast_list(access_token: str, day: datetime) -> Call:
    """Ask for the broadcasts of a day; `day` is a moment in China's time zone."""
    return Call("POST", "/channels/livedashboard/getlivelist", {"access_token": access_token}, {"ds": int(f"{day:%Y%m%d}")})


def read_broadcasts(answer: object, context: Context) -> Broadcasts:
    """Return the broadcasts of an answer. Raises: WechatError, also if the answer is no list."""
    found = checked(answer)
    collector = EventCollector(context)
    listed: list[Broadcast] = []
    for item in listed_in(found, "live_items"):
        row = as_map(item)
        number = identifier(row.get("export_id"))
        if number is None:
            collector.unreadable("getlivelist: live_items.export_id", row.get("export_id"))
        else:
            listed.append(Broadcast(number, Figures(row, "getlivelist: live_items", collector).time("create_time")))
    return Broadcasts(tuple(listed), is_set(found.get("has_more")), collector.result())
