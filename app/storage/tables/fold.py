"""The fold's tables. Every key begins with session_id, so that Citus can distribute them.

In: nothing. Out: tables. Never here: queries.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    LargeBinary,
    Numeric,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSON

from app.storage.tables.base import Key, Timestamp, metadata

# They hold no foreign key to sessions: a flush locks each session once instead of once per row.

events = Table(
    "events",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("event_key", LargeBinary, primary_key=True),
    Column("id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("platform", Key, nullable=False),
    Column("room", Key, nullable=False),
    Column("occurred_at", Timestamp, nullable=False),
    Column("received_at", Timestamp, nullable=False),
    # The time that the sender gave, if it was wrong and occurred_at is the time of arrival instead.
    Column("sent_time", Timestamp),
    Column("data", JSON, nullable=False),
    # The brand that the sender is bound to, or empty; null if the event was logged before senders were.
    Column("owner", Key),
    Column("digest", LargeBinary),
    Column("attributes", JSON),
    Index("events_session_id_occurred_at_event_key", "session_id", "occurred_at", "event_key"),
    # Holds comments whose text was kept, and nothing in a deployment that keeps none: what expires is found by it.
    Index(
        "events_received_at_comment_text",
        "received_at",
        postgresql_where=text("type = 'live.comment.posted' AND (data ->> 'text') IS NOT NULL"),
    ),
    # The same rows by session, in the random order of their digests: a sample of a session's comments is one short stretch.
    Index(
        "events_session_id_event_key_comment_text",
        "session_id",
        "event_key",
        postgresql_where=text("type = 'live.comment.posted' AND (data ->> 'text') IS NOT NULL"),
    ),
    # What operators did at the desk, which is little, in order of time.
    Index(
        "events_session_id_occurred_at_event_key_desk",
        "session_id",
        "occurred_at",
        "event_key",
        postgresql_where=text("source LIKE '/desk/%'"),
    ),
    # The orders of a buyer, also as other sources state them: who forgets a customer need not read the log.
    Index(
        "events_session_id_buyer",
        "session_id",
        text("(data ->> 'buyer')"),
        postgresql_where=text("type IN ('live.order.placed', 'live.order.paid')"),
    ),
    # By month of the session's id; `log_partitions` makes and drops them.
    postgresql_partition_by="RANGE (session_id)",
)

movements = Table(
    "movements",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    # One of the events of the flush that packed them.
    Column("event_key", LargeBinary, primary_key=True),
    Column("part", SmallInteger, primary_key=True),
    Column("entries", LargeBinary, nullable=False),
    Column("exits", LargeBinary, nullable=False),
)

members = Table(
    "members",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("set", Key, primary_key=True),
    Column("member", LargeBinary, primary_key=True),
    Column("at", Timestamp, nullable=False),
    Column("event_key", LargeBinary, nullable=False),
    Column("superseded", LargeBinary),
    # Viewers and buyers of whom a later event was known first: what was concluded from it is looked up again.
    Index(
        "members_session_id_member_superseded",
        "session_id",
        "member",
        postgresql_where=text("set IN ('buyer', 'viewer') AND superseded IS NOT NULL"),
    ),
)

customers = Table(
    "customers",
    metadata,
    Column("brand_id", Uuid, primary_key=True),
    Column("member", LargeBinary, primary_key=True),
    Column("session_id", Uuid, nullable=False, index=True),
    Column("at", Timestamp, nullable=False),
    Column("event_key", LargeBinary, nullable=False),
    Column("superseded_session", Uuid),
    Column("superseded", LargeBinary),
)

counters = Table(
    "counters",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("grain", SmallInteger, primary_key=True),
    Column("key", Key, primary_key=True),
    Column("bucket", Timestamp, primary_key=True),
    Column("platform", Key, primary_key=True),
    Column("metric", Key, primary_key=True),
    # A sum has no upper bound: no event can make the next one fail.
    Column("value", Numeric, nullable=False),
    Column("contributions", BigInteger, nullable=False),
    # What a minute's row is made of by the second, where that is asked for: parts `second:value:contributions` with commas, in
    # any order. A second may have several parts, which add up. Rows of grain 1 are those of versions before it.
    Column("seconds", Text),
    # By the minute, what was paid of products: an eighth of the rows of their minutes, read to know when a stock ran out.
    Index(
        "counters_session_id_key_bucket_units",
        "session_id",
        "key",
        "bucket",
        postgresql_where=text("grain = 60 AND metric = 'units_sold'"),
    ),
)

gauges = Table(
    "gauges",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("grain", SmallInteger, primary_key=True),
    Column("key", Key, primary_key=True),
    Column("bucket", Timestamp, primary_key=True),
    Column("platform", Key, primary_key=True),
    Column("room", Key, primary_key=True),
    Column("metric", Key, primary_key=True),
    Column("latest", BigInteger, nullable=False),
    Column("latest_at", Timestamp, nullable=False),
    Column("latest_key", LargeBinary, nullable=False),
    Column("highest", BigInteger, nullable=False),
)

orders = Table(
    "orders",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("platform", Key, primary_key=True),
    Column("order_id", Key, primary_key=True),
    Column("told_rank", SmallInteger, nullable=False),
    Column("told_at", Timestamp, nullable=False),
    Column("told_key", LargeBinary, nullable=False),
    Column("buyer", Text),
    Column("amount", BigInteger),
    Column("lines", JSON),
    Column("refunded_amount", Numeric, nullable=False),
    Column("placed_at", Timestamp),
    Column("paid_at", Timestamp),
    Column("cancelled_at", Timestamp),
    Column("refunded_at", Timestamp),
    Column("shipped_at", Timestamp),
    Column("shipped_key", LargeBinary),
    Column("carrier", Text),
    Column("tracking", Text),
    Column("delivered_at", Timestamp),
    # What was known of the buyer when the order was folded: where they came from first, as the key of an arrival without a fan
    # level, and whether it was the order by which they were counted.
    Column("buyer_arrival", Text),
    Column("buyer_counted", Boolean),
    # What was paid after the end of a session is a short stretch of it.
    Index("orders_session_id_paid_at", "session_id", "paid_at", postgresql_where=text("paid_at IS NOT NULL")),
    # The orders of a customer; and of all customers of a brand what their list counts, without a look at the orders.
    Index(
        "orders_buyer_session_id",
        "buyer",
        "session_id",
        postgresql_include=["paid_at"],
        postgresql_where=text("buyer IS NOT NULL"),
    ),
    # Orders of which money went back, which are few.
    Index("orders_session_id_refunded", "session_id", postgresql_where=text("refunded_amount <> 0")),
)

spans = Table(
    "spans",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("kind", Key, primary_key=True),
    Column("member", LargeBinary, primary_key=True),
    Column("platform", Key, nullable=False),
    Column("started_at", Timestamp),
    Column("ended_at", Timestamp),
    Column("ended_key", LargeBinary),
    Column("given_ms", BigInteger),
    Column("was_started_at", Timestamp),
    Column("was_ended_at", Timestamp),
    Column("was_given_ms", BigInteger),
)

session_values = Table(
    "session_values",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("kind", Key, primary_key=True),
    Column("value", Key, primary_key=True),
)
