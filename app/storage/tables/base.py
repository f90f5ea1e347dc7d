"""What all tables share: the metadata, and types of columns.

In: nothing. Out: `metadata`, which the tables join. Never here: a table.
"""

from sqlalchemy import (
    Column,
    DateTime,
    MetaData,
    Text,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)

Key = Text(collation="C")
"""Text that is compared byte by byte: the order in which rows are locked is the order Python sorts them in."""
Timestamp = DateTime(timezone=True)


def created_at() -> Column[object]:
    """Return the column that says when a row was made."""
    return Column("created_at", Timestamp, nullable=False, server_default=text("now()"))
