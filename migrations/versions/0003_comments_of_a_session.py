"""an index of the comments of a session whose text was kept.

Revision ID: 0003
Revises: 0002
"""

from alembic import op
from sqlalchemy import text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index(
        "events_session_id_event_key_comment_text",
        "events",
        ["session_id", "event_key"],
        postgresql_where=text("type = 'live.comment.posted' AND (data ->> 'text') IS NOT NULL"),
    )
