"""product codes and aliases in the form in which they are compared: NFC, without white space at their ends.

A code whose canonical form is taken stays as it is: events no longer name it, and it can be deleted. Figures of sessions that
received such codes are merged by `tallylight rebuild SESSION --replace`.

Revision ID: 0008
Revises: 0007
"""

from unicodedata import normalize

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_COLUMNS = (("products", "brand_id", "code"), ("product_aliases", "brand_id", "alias"), ("lineup", "session_id", "product"))


def upgrade() -> None:
    """Apply."""
    connection = op.get_bind()
    for table, scope, column in _COLUMNS:
        rows = connection.execute(sa.text(f"SELECT {scope}, {column} FROM {table} ORDER BY 1, 2")).all()  # noqa: S608 - ours
        taken = {tuple(row) for row in rows}
        for owner, code in rows:
            canonical = normalize("NFC", code.strip())
            if canonical == code or (owner, canonical) in taken:
                continue
            taken.add((owner, canonical))
            statement = sa.text(f"UPDATE {table} SET {column} = :new WHERE {scope} = :owner AND {column} = :old")  # noqa: S608
            connection.execute(statement, {"new": canonical, "owner": owner, "old": code})
