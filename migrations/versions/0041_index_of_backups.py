"""audit_log: an index of the backups, whose last one every status asks for.

Revision ID: 0041
Revises: 0040
"""

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None
servers_from = "0030"
needed = False


def upgrade() -> None:
    """Apply."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE INDEX audit_log_backups_at ON audit_log (at) WHERE action = 'backup.create'")
