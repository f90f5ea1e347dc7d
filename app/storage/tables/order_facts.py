"""Tables of what belongs to an order besides its row: refunds, parcels. Distributed by session_id.

In: nothing. Out: tables. Never here: queries.
"""

from sqlalchemy import BigInteger, Column, LargeBinary, Table, Text, Uuid

from app.storage.tables.base import Key, Timestamp, metadata

refunds = Table(
    "refunds",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("platform", Key, primary_key=True),
    Column("order_id", Key, primary_key=True),
    # A product's code; empty for the order as a whole.
    Column("key", Key, primary_key=True),
    # Single refunds: how many name the key, and their sum.
    Column("singles", BigInteger, nullable=False),
    Column("single", BigInteger, nullable=False),
    # The newest running total; `total_rank` and `total_key` order totals, both empty if there is none.
    Column("total", BigInteger),
    Column("total_rank", Key, nullable=False),
    Column("total_key", LargeBinary, nullable=False),
    Column("total_at", Timestamp),
    Column("first_at", Timestamp),
    # The values before the last change, so that what they contributed can be subtracted.
    Column("was_single", BigInteger),
    Column("was_total", BigInteger),
    Column("was_total_at", Timestamp),
    Column("was_first_at", Timestamp),
)

parcels = Table(
    "parcels",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("platform", Key, primary_key=True),
    Column("order_id", Key, primary_key=True),
    # Digest of carrier and tracking number, which together may be too long for a key.
    Column("parcel", LargeBinary, primary_key=True),
    Column("carrier", Text),
    Column("tracking", Text),
    Column("shipped_at", Timestamp, nullable=False),
    # When the carrier accepted it, which is the evidence of an export.
    Column("accepted_at", Timestamp),
)
