"""The reference model: applies the events of a session in order of time, each once.

In: CloudEvents as dicts. Out: plain records of a session. Never here: SQL, optimization, code of `app`.

It is written from the contract alone. An event counts once, by source and id. A contribution that counts once per viewer, order,
refund, ticket or customer belongs to the earliest event that names it; the event's digest decides a tie. In that order, the
earliest event is the first.
"""

from collections.abc import Iterable

from tests.pipeline.reference_orders import Teller
from tests.pipeline.reference_records import Happening, Show, Story
from tests.pipeline.reference_values import CloudEvent, identity, when


def tell(shows: Iterable[Show], events: Iterable[CloudEvent]) -> dict[str, Story]:
    """Return the records of each session; events of other rooms are ignored."""
    stories = {show.id: Story(show, platforms=set(show.rooms.values())) for show in shows}
    owners = {room: story for story in stories.values() for room in story.show.rooms}
    once = {(event["source"], event["id"]): event for event in events}
    seen: set[tuple[object, ...]] = set()
    in_order = []
    for event in once.values():
        story = stories.get(event["subject"]) or owners.get(event["subject"])
        if story is not None:
            # Of a start and an end at one moment, the end counts.
            in_order.append((when(event), event["type"] == "live.session.ended", identity(event), story.show.id, event))
    for *_, show, event in sorted(in_order, key=lambda entry: entry[:4]):
        Teller(stories[show], event, seen).tell()
    for story in stories.values():
        _tell_refunds(story)
    return stories


def _tell_refunds(story: Story) -> None:
    """Of single refunds and the newest total, which tell of the same money, the greater one counts."""
    for (platform, order), refund in story.refunds.items():
        for key, (at, total) in refund.totals.items():
            excess = max(0, total - refund.singles.get(key, 0))
            story.happenings.append(Happening("refund_amount", platform, at, excess, key))
        amount = max(refund.singles.get("", 0), refund.totals.get("", (None, 0))[1])
        if amount:
            assert refund.first_at is not None
            story.happenings.append(Happening("refunded_orders", platform, refund.first_at, 1, ""))
        if (platform, order) in story.orders:
            story.orders[platform, order].refunded = amount
