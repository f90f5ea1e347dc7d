"""Writes what belongs to orders besides their rows: refunds and parcels.

In: a batch's tally. Out: changed rows, and the changes of the sums that follow from them. Never here: commits, what a refund is.
"""

from app.events.contributions import digest
from app.ingest.folding.moments import moment, moment_or_none
from app.ingest.folding.refund_rows import RefundKey, RefundState
from app.ingest.folding.tally import Tally
from app.storage.ingest.writes import WriteQueries


async def merge_refunds(writes: WriteQueries, tally: Tally) -> None:
    """Write the refunds of a batch, and tally what changed in the orders' figures."""
    rows = sorted(tally.refunds.items(), key=lambda entry: entry[0])
    merged = await writes.add_refunds(
        [
            (
                *key, row.singles, row.single, row.total, row.total_rank, row.total_key,
                moment_or_none(row.total_at), moment_or_none(row.first_at),
            )
            for key, row in rows
        ]
    )  # fmt: skip
    for row in merged:
        tally.refund_changed(RefundKey(*row[:4]), RefundState(*row[8:]), RefundState(*row[4:8]))
    if emptied := [key for key, row in rows if row.singles < 0 and key.key]:
        await writes.drop_empty_refunds(emptied)


async def add_parcels(writes: WriteQueries, tally: Tally) -> None:
    """Write the parcels of a batch."""
    rows = [
        (
            session,
            platform,
            order,
            digest("carrier" if carrier else "", carrier or "", tracking or ""),
            carrier,
            tracking,
            moment(at),
            accepted,
        )
        for (session, platform, order, carrier, tracking), (at, accepted) in tally.parcels.items()
    ]
    await writes.add_parcels(sorted(rows, key=lambda row: row[:4]))
