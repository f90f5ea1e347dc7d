"""Marks: who presents, and what happened. Distributed by session_id.

In: nothing. Out: a table. Never here: queries.
"""

from sqlalchemy import Column, LargeBinary, Table, Text, Uuid

from app.storage.tables.base import Key, Timestamp, metadata

marks = Table(
    "marks",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("at", Timestamp, primary_key=True),
    Column("event_key", LargeBinary, primary_key=True),
    Column("platform", Key, nullable=False),
    # `host` with the host's name, or `mark` with its label.
    Column("kind", Key, nullable=False),
    Column("name", Text, nullable=False),
    Column("text", Text),
    Column("until", Timestamp),
)
