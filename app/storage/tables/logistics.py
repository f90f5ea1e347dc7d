"""Tables of cartons. Distributed by session_id.

In: nothing. Out: tables. Never here: queries.
"""

from sqlalchemy import BigInteger, Column, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSON

from app.storage.tables.base import Key, Timestamp, metadata

cartons = Table(
    "cartons",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("gross_weight_g", BigInteger),
    Column("size", Text),
    Column("packed_at", Timestamp, nullable=False),
)

carton_orders = Table(
    "carton_orders",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("platform", Key, primary_key=True),
    Column("order_id", Key, primary_key=True),
    Column("number", Integer, nullable=False),
    # The pieces that were put into the carton: what is refunded later is a difference to be shown, not a change of the carton.
    # No customer: who forgets one need not look here.
    Column("items", JSON, nullable=False),
)
