"""The tables, as SQLAlchemy sees them.

In: nothing. Out: `metadata`, which the migrations are checked against. Never here: queries.

The tables of the fold begin every key with session_id, so that Citus can distribute them; the catalogue consists of reference
tables; queues and dead letters are local tables of the coordinator.
"""

from app.storage.tables.audit import audit_log
from app.storage.tables.base import metadata
from app.storage.tables.catalogue import (
    api_keys,
    brand_logos,
    brands,
    lineup,
    notes,
    pending_refolds,
    product_aliases,
    products,
    promotions,
    sessions,
    streams,
)
from app.storage.tables.channels import alerts, channel_deliveries, channels, watched_sessions
from app.storage.tables.customers import forgotten_orders
from app.storage.tables.fold import counters, customers, events, gauges, members, movements, orders, session_values, spans
from app.storage.tables.logistics import carton_orders, cartons
from app.storage.tables.marks import marks
from app.storage.tables.order_facts import parcels, refunds
from app.storage.tables.people import devices, people, share_links, sign_in_links
from app.storage.tables.platforms import connections, deliveries, import_options, imports, platform_tokens, sealed_keys
from app.storage.tables.rebuilds import rebuild_events, rebuilds
from app.storage.tables.revisions import revisions
from app.storage.tables.settlement import contracts, exchange_rates, settlement_rates, settlements
from app.storage.tables.unprocessed import dead_letters, jobs, parked, parked_rooms
from app.storage.tables.voids import import_events, voided_events, voids

__all__ = [
    "alerts",
    "api_keys",
    "audit_log",
    "brand_logos",
    "brands",
    "carton_orders",
    "cartons",
    "channel_deliveries",
    "channels",
    "connections",
    "contracts",
    "counters",
    "customers",
    "dead_letters",
    "deliveries",
    "devices",
    "events",
    "exchange_rates",
    "forgotten_orders",
    "gauges",
    "import_events",
    "import_options",
    "imports",
    "jobs",
    "lineup",
    "marks",
    "members",
    "metadata",
    "movements",
    "notes",
    "orders",
    "parcels",
    "parked",
    "parked_rooms",
    "pending_refolds",
    "people",
    "platform_tokens",
    "product_aliases",
    "products",
    "promotions",
    "rebuild_events",
    "rebuilds",
    "refunds",
    "revisions",
    "sealed_keys",
    "session_values",
    "sessions",
    "settlement_rates",
    "settlements",
    "share_links",
    "sign_in_links",
    "spans",
    "streams",
    "voided_events",
    "voids",
    "watched_sessions",
]
