"""Deliverables of a month: what the contract agrees on, and what was delivered of it.

In: sessions and promotions of a brand. Out: counts. Never here: money, writes.

Broadcasts and rehearsals count in the month in which they ended, in their own time zone. A promotion of kind `article` is an
article; every other kind is a promotion. It counts in the month in which it was published, or in its session's month if the
time of its publication is not known.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from app.settlement.amounts.earlier import UsedContract
from app.settlement.amounts.lines import Record
from app.settlement.amounts.months import last_of
from app.storage.backoffice import settlement_reads
from app.storage.backoffice.settlement_reads import BrandSession, PromotionTime

DeliverableKind = Literal["article", "rehearsal", "promotion", "broadcast"]
KINDS: tuple[DeliverableKind, ...] = get_args(DeliverableKind)


class Deliverable(Record):
    """One kind of deliverable in a month."""

    kind: DeliverableKind
    agreed: int = Field(description="per month, by the contract", examples=[1])
    done: int = Field(examples=[1])


def local_day(session: BrandSession) -> date | None:
    """Return the day on which a session ended, in its time zone: of its revision if it has one."""
    if session.revision is not None:
        return session.revision.ended_at.astimezone(ZoneInfo(session.revision.time_zone)).date()
    return None if session.ended_at is None else session.ended_at.astimezone(ZoneInfo(session.time_zone)).date()


def count(
    month: date, sessions: Iterable[BrandSession], promotions: Iterable[PromotionTime], contracts: Sequence[UsedContract]
) -> list[Deliverable]:
    """Return every kind that was agreed on or delivered; the contract is the latest that is in force in the month."""
    done: Counter[DeliverableKind] = Counter()
    for session in sessions:
        day = local_day(session)
        if day is not None and day.replace(day=1) == month:
            done["rehearsal" if session.kind == "rehearsal" else "broadcast"] += 1
    for promotion in promotions:
        at = promotion.published_at or promotion.session_at
        if at is not None and at.astimezone(ZoneInfo(promotion.time_zone)).date().replace(day=1) == month:
            done["article" if promotion.kind == "article" else "promotion"] += 1
    in_force = [found for found in contracts if found.starts_on <= last_of(month) and month <= (found.ends_on or month)]
    agreed = in_force[-1].terms.deliverables if in_force else {}
    return [
        Deliverable(kind=kind, agreed=agreed.get(kind, 0), done=done[kind]) for kind in KINDS if agreed.get(kind) or done[kind]
    ]


async def of_month(connection: AsyncConnection, brand: UUID, month: date, contracts: Sequence[UsedContract]) -> list[Deliverable]:
    """Return the deliverables of a brand's month; `contracts` are the brand's, by their start."""
    sessions = await settlement_reads.sessions(connection, brand)
    return count(month, sessions, await settlement_reads.promotions(connection, brand), contracts)
