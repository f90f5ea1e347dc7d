"""Imports of one truth give one set of figures: in any split, order and repetition of the exports, and as they grow."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from random import Random
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic_core import to_json

from app.events.envelope import EVENT, event_key
from app.imports.csv_import import Import
from app.ingest.rebuilding import rebuild
from app.ingest.rebuilding.rebuild_requests import rebuild_or_enqueue_all
from app.ingest.receiving.submission import Submission, SubmittedEvent
from app.service import Service
from tests.platforms.conftest import Connect

HEAD = "order,buyer,product,quantity,line_amount,paid_at,refunded,refunded_at,tracking,shipped_at"
COLUMNS = {name: name for name in HEAD.split(",")} | {"refunded_amount": "refunded"}
del COLUMNS["refunded"]
START = datetime(2026, 9, 25, 14, tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    """One line of an order, with what was refunded of it after each day."""

    product: str
    quantity: int
    amount: Decimal
    refunds: tuple[Decimal, ...]


@dataclass(frozen=True)
class Order:
    """One order, which is shipped on a day or never."""

    number: str
    buyer: str
    paid_at: datetime
    lines: tuple[Line, ...]
    shipped_on: int | None

    def rows(self, day: int) -> list[str]:
        """Return the rows of the export of a day."""
        shipped = self.shipped_on is not None and self.shipped_on <= day
        refunded = any(line.refunds[day] for line in self.lines)
        days = [
            d for d in range(day + 1) if [x.refunds[d] for x in self.lines] != [x.refunds[d - 1] if d else 0 for x in self.lines]
        ]
        moment = (START + timedelta(days=1 + max(days, default=0))).isoformat() if refunded else ""
        return [
            ",".join(
                (self.number, self.buyer, line.product, str(line.quantity), str(line.amount), self.paid_at.isoformat(),
                 str(line.refunds[day]), moment, f"T{self.number}" if shipped else "",
                 (START + timedelta(days=1 + (self.shipped_on or 0))).isoformat() if shipped else "")
            )
            for line in self.lines
        ]  # fmt: skip


def truth(random: Random, days: int) -> list[Order]:
    """Return orders whose refunds grow from day to day."""

    def line(product: str) -> Line:
        amount = Decimal(random.randrange(1, 50_000)) / 100
        refunds = sorted(random.choice((Decimal("0.00"), (amount / 2).quantize(Decimal("0.01")), amount)) for _ in range(days))
        return Line(product, random.randrange(1, 4), amount, tuple(refunds))

    return [
        Order(
            str(number), random.choice(("", "b1", "b2", "b3")), START + timedelta(minutes=random.randrange(60)),
            tuple(line(product) for product in random.sample(("knit", "coat", "hat"), random.randrange(1, 4))),
            random.choice((None, *range(days))),
        )
        for number in range(1, 8)
    ]  # fmt: skip


def files(random: Random, orders: list[Order], days: int) -> list[list[str]]:
    """Return the exports of all days, each split between orders, in any order, some of them twice."""
    found = []
    for day in range(days):
        shuffled = random.sample(orders, len(orders))
        cut = random.randrange(len(orders) + 1)
        found += [[row for order in part for row in random.sample(order.rows(day), len(order.lines))]
                  for part in (shuffled[:cut], shuffled[cut:])]  # fmt: skip
    found += random.sample(found, 2)
    return [rows for rows in random.sample(found, len(found)) if rows]


async def take(service: Service, room: str, rows: list[str], imported_at: datetime, **more: Any) -> int:
    """Import a file, as the importer does; return the number of events that are new."""
    heading = ",".join((HEAD, *more.get("columns", ())))
    options = {"kind": "orders", "subject": f"wechat:{room}", **more, "columns": COLUMNS | more.get("columns", {})}
    reader = Import(io.BytesIO("\n".join([heading, *rows]).encode()), options, "//tallylight/imports", imported_at)
    submission = Submission(None, "import:test", imported_at)
    for group in reader.groups():
        assert all(row.ok for row in group.rows), group
        for found in group.events:
            event = EVENT.validate_json(to_json(found))
            submission.items.append(SubmittedEvent(event, event_key(event.source, event.id), len(submission.items), submission))
    await service.writer.submit(submission)
    assert [] == submission.rejected
    await rebuild_or_enqueue_all(service.database, service.settings, submission.replaced_sessions)
    return submission.accepted


@pytest.mark.parametrize("seed", range(6))
async def test_exports_of_one_truth_give_its_figures(
    seed: int, client: httpx.AsyncClient, service: Service, new_session: Connect, kpis: Callable[..., Any]
) -> None:
    """Whatever happens to the files, and whenever their room is registered, the figures are those of the newest day.

    A rebuild finds no difference.
    """
    random, days = Random(f"imports/{seed}"), 3
    orders = truth(random, days)
    session = await new_session()
    exports = files(random, orders, days)
    # Some seeds register the room before the first import, between two, or after the last one.
    registered = random.choice((0, len(exports) // 2, len(exports)))
    for number, rows in enumerate([*exports, None]):
        if number == registered:
            form = {"platform": "wechat", "room": f"room-{seed}"}
            assert (await client.post(f"/v1/sessions/{session['id']}/streams", json=form)).is_success
        if rows is None:
            break
        await take(service, f"room-{seed}", rows, START + timedelta(days=10, minutes=number))
    assert [] == await rebuild.compare(service.database, service.settings, UUID(session["id"]))
    lines = [line for order in orders for line in order.lines]
    refunds = [sum((line.refunds[-1] for line in order.lines), Decimal(0)) for order in orders]
    figures = await kpis(session["id"])
    assert {
        "orders": len(orders),
        "gmv": str(sum(line.amount for line in lines)),
        "units_sold": sum(line.quantity for line in lines),
        "buyers": len({order.buyer for order in orders} - {""}),
        "refund_amount": str(sum(refunds)),
        "refunded_orders": sum(amount > 0 for amount in refunds),
    } == {name: figures[name] for name in ("orders", "gmv", "units_sold", "buyers", "refund_amount", "refunded_orders")}


@pytest.mark.parametrize("dated_by", ["option", "column", "shipment"])
async def test_the_newest_export_corrects_back(
    dated_by: str, service: Service, new_session: Connect, kpis: Callable[..., Any]
) -> None:
    """Content A, then B, then A: the newest counts, in any order of the imports, and the same files again change nothing."""
    contents = ("b1,knit,1,100.00", "b2,coat,2,70.00", "b1,knit,1,100.00")
    days = [(START + timedelta(days=day)).isoformat() for day in (1, 2, 3)]
    for order in permutations(range(3)):
        room = f"{dated_by}-{order}"
        session = await new_session(("wechat", room))
        accepted = []
        for minute, number in enumerate((*order, *order)):
            shipped = f"T,{days[number]}" if dated_by == "shipment" else ","
            row = f"1,{contents[number]},{START.isoformat()},,,{shipped}"
            more: dict[str, Any] = {"exported_at": days[number]} if dated_by == "option" else {}
            if dated_by == "column":
                row, more = f"{row},{days[number]}", {"columns": {"updated_at": "updated_at"}}
            accepted.append(await take(service, room, [row], START + timedelta(days=9, minutes=minute), **more))
        assert all(accepted[:3]), order
        assert [0, 0, 0] == accepted[3:], order
        assert [] == await rebuild.compare(service.database, service.settings, UUID(session["id"]))
        figures = await kpis(session["id"])
        assert ("100.00", 1, 1, 1) == tuple(figures[name] for name in ("gmv", "orders", "units_sold", "buyers")), order
