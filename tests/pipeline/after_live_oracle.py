"""The oracle of what was paid after the end of a session.

In: the records of a session. Out: the values that the documents must contain. Never here: SQL, code of `app`.
"""

from datetime import datetime, timedelta

from tests.pipeline.reference_records import Story

AFTER_LIVE = {"24h": timedelta(hours=24), "7d": timedelta(days=7)}


def after_live(story: Story, platform: str, ended: datetime | None) -> dict[str, int | None]:
    """Return what was paid on a platform in each time after the end; None without an end."""
    figures: dict[str, int | None] = {}
    for name, length in AFTER_LIVE.items():
        paid = [order for (of, _), order in story.orders.items() if of == platform and "paid" in order.moments]
        found = [] if ended is None else [order for order in paid if ended <= order.moments["paid"] < ended + length]
        gmv = sum(order.amount or 0 for order in found)
        figures |= {
            f"after_live_orders_{name}": len(found),
            f"after_live_gmv_{name}": gmv,
            f"after_live_net_gmv_{name}": gmv - sum(order.refunded for order in found),
        }
    return figures if ended is not None else dict.fromkeys(figures)
