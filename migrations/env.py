"""Alembic's entry: runs the migrations on the connection that the caller hands over."""

from alembic import context

from app.storage.schema.migrate import is_ours
from app.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=True,
    compare_type=True,
    compare_server_default=False,
    include_name=is_ours,
)
with context.begin_transaction():
    # A migration that cannot get its lock soon gives way instead of stopping all ingest behind it.
    context.execute("SET LOCAL lock_timeout = '10s'")
    context.run_migrations()
