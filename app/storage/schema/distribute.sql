-- name: reference_tables
-- Catalogue tables are copied to every node, so that any shard can join them.
SELECT create_reference_table(name::regclass)
FROM unnest(ARRAY['brands', 'products', 'product_aliases', 'sessions', 'pending_refolds', 'streams', 'lineup', 'promotions', 'notes',
                  'api_keys', 'connections', 'contracts', 'exchange_rates', 'import_options', 'imports', 'people', 'sign_in_links',
                  'share_links', 'devices', 'brand_logos']) WITH ORDINALITY AS listed (name, place)
WHERE name::regclass NOT IN (SELECT logicalrelid FROM pg_dist_partition)
ORDER BY place;

-- name: session_tables
-- All that belongs to a session lies together, by session_id.
SELECT create_distributed_table(name::regclass, 'session_id', colocate_with => CASE WHEN place = 1 THEN 'default' ELSE 'events' END)
FROM unnest(ARRAY['events', 'members', 'counters', 'gauges', 'orders', 'spans', 'session_values', 'voids', 'voided_events', 'import_events',
                  'refunds', 'parcels', 'rebuilds', 'rebuild_events', 'forgotten_orders', 'revisions', 'cartons', 'carton_orders', 'marks',
                  'watched_sessions', 'alerts', 'movements'])
    WITH ORDINALITY AS listed (name, place)
WHERE name::regclass NOT IN (SELECT logicalrelid FROM pg_dist_partition)
ORDER BY place;

-- name: customers
-- The set that spans a brand's sessions lies by brand.
SELECT create_distributed_table('customers', 'brand_id', colocate_with => 'none')
WHERE 'customers'::regclass NOT IN (SELECT logicalrelid FROM pg_dist_partition);
