"""The oracle of traffic: who came from where and what they bought, by one plain loop each.

In: the records of a session. Out: the values that the sources document must contain. Never here: SQL, code of `app`.
"""

from tests.pipeline import oracle
from tests.pipeline.reference_records import Story

Place = tuple[str | None, bool | None] | None
"""Source and whether it was paid for; None: no entry."""
FIGURES = ("viewers", "buyers", "orders", "gmv", "refund_amount")


def first_entries(story: Story) -> dict[tuple[str, str], Place]:
    """Return where each viewer, as (platform, id), came from first."""
    return {one.who: (one.source, one.paid) for one in story.happenings if one.what == "viewers" and one.who is not None}


def by_source(story: Story) -> dict[Place, dict[str, int]]:
    """Return the figures of each source, and under None of purchases without an entry."""
    entries = first_entries(story)
    found: dict[Place, dict[str, int]] = {None: dict.fromkeys(FIGURES, 0)}

    def add(place: Place, name: str, value: int) -> None:
        found.setdefault(place, dict.fromkeys(FIGURES, 0))[name] += value

    for place in entries.values():
        add(place, "viewers", 1)
    for one in story.happenings:
        if one.what == "buyers" and one.who is not None:
            add(entries.get(one.who), "buyers", 1)
    for (platform, _), order in story.orders.items():
        place = entries.get((platform, order.buyer)) if order.buyer is not None else None
        if "paid" in order.moments:
            add(place, "orders", 1)
            add(place, "gmv", order.amount or 0)
        add(place, "refund_amount", order.refunded)
    return found


def printed(figures: dict[str, int], digits: int, *, ledger: bool) -> dict[str, int | str | None]:
    """Return the figures as the document has them; what was bought is unknown if no order was counted."""
    return {
        name: value if name == "viewers" else None if not ledger else _text(value, name, digits)
        for name, value in figures.items()
    }


def _text(value: int, name: str, digits: int) -> int | str:
    if name in {"buyers", "orders"}:
        return value
    return str(oracle.printed(value, name, digits))


def reported(story: Story) -> dict[tuple[str, str, bool | None], dict[str, int | str | None]]:
    """Return the platforms' own figures by platform, source and whether it was paid for."""
    found: dict[tuple[str, str, bool | None], dict[str, int | str | None]] = {}
    for of, platform in {(one.of, one.platform) for one in story.readings if one.what.startswith("source_")}:
        source, _, *paid = of.split("|")
        values = {name: oracle.told(story, f"source_{name}", platform, of) for name in ("viewers", "orders", "buyers")}
        gmv = oracle.told(story, "source_gmv", platform, of)
        row: dict[str, int | str | None] = {**values, "gmv": None if gmv is None else _text(gmv, "gmv", story.show.digits)}
        found[platform, source, paid[0] == "1" if paid else None] = row
    return found
