"""Orders of forgotten customers. Distributed by session_id.

In: nothing. Out: a table. Never here: queries.
"""

from sqlalchemy import Column, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from app.storage.tables.base import Key, metadata

forgotten_orders = Table(
    "forgotten_orders",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("platform", Key, primary_key=True),
    Column("order_id", Key, primary_key=True),
    # Random, one per order. No column says when, or for whom: two rows must have nothing in common.
    # In the key, since events of one order may name several persons.
    Column("buyer", Text, primary_key=True),
    # What the order does not count, since another order of the same person counted it: buyer, customer, month, product:CODE.
    Column("elsewhere", ARRAY(Text), nullable=False),
)
