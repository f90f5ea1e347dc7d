-- name: shadow_events
-- Empty tables of the same names, seen before the real ones by this connection alone: a flush writes into them. Those of the fold
-- are in rebuild.sql.
CREATE TEMP TABLE events (LIKE public.events INCLUDING ALL) ON COMMIT PRESERVE ROWS;

-- name: shadow_movements
-- As above.
CREATE TEMP TABLE movements (LIKE public.movements INCLUDING ALL) ON COMMIT PRESERVE ROWS;

-- name: shadow_session_values
-- As above.
CREATE TEMP TABLE session_values (LIKE public.session_values INCLUDING ALL) ON COMMIT PRESERVE ROWS;

-- name: shadow_import_events
-- As above.
CREATE TEMP TABLE import_events (LIKE public.import_events INCLUDING ALL) ON COMMIT PRESERVE ROWS;

-- name: shadow_voided_events
-- As above.
CREATE TEMP TABLE voided_events (LIKE public.voided_events INCLUDING ALL) ON COMMIT PRESERVE ROWS;

-- name: shadow_rebuilds
-- As above.
CREATE TEMP TABLE rebuilds (LIKE public.rebuilds INCLUDING ALL) ON COMMIT PRESERVE ROWS;

-- name: shadow_rebuild_events
-- As above.
CREATE TEMP TABLE rebuild_events (LIKE public.rebuild_events INCLUDING ALL) ON COMMIT PRESERVE ROWS;

-- name: shadow_parked
-- As above.
CREATE TEMP TABLE parked (LIKE public.parked INCLUDING ALL) ON COMMIT PRESERVE ROWS;

-- name: shadow_parked_rooms
-- As above.
CREATE TEMP TABLE parked_rooms (LIKE public.parked_rooms INCLUDING ALL) ON COMMIT PRESERVE ROWS;

-- name: shadow_dead_letters
-- As above.
CREATE TEMP TABLE dead_letters (LIKE public.dead_letters INCLUDING ALL) ON COMMIT PRESERVE ROWS;

-- name: shadow_known_orders
-- The session's orders as they are, beside those that the import leads to.
CREATE TEMP TABLE known_orders (LIKE public.orders INCLUDING ALL) ON COMMIT PRESERVE ROWS;

-- name: shadow_known_parcels
-- The same of their parcels.
CREATE TEMP TABLE known_parcels (LIKE public.parcels INCLUDING ALL) ON COMMIT PRESERVE ROWS;

-- name: copy_sessions
-- The session that the import's subject names.
INSERT INTO pg_temp.sessions SELECT s.* FROM public.sessions s WHERE s.id = $1;

-- name: copy_events
-- What the import may repeat or correct: the session's events of orders, and those of earlier imports ($2: their source).
INSERT INTO pg_temp.events
SELECT e.* FROM public.events e WHERE e.session_id = $1 AND (e.type LIKE 'live.order.%' OR e.source = $2);

-- name: copy_statements
-- The statements that the import may correct.
INSERT INTO pg_temp.members SELECT m.* FROM public.members m WHERE m.session_id = $1 AND m.set = 'statement';

-- name: copy_session_values
-- What counts towards the session's limits.
INSERT INTO pg_temp.session_values SELECT v.* FROM public.session_values v WHERE v.session_id = $1;

-- name: copy_import_events
-- Which import brought which event.
INSERT INTO pg_temp.import_events SELECT i.* FROM public.import_events i WHERE i.session_id = $1;

-- name: copy_voided_events
-- What counts again if it is imported again.
INSERT INTO pg_temp.voided_events SELECT d.* FROM public.voided_events d WHERE d.session_id = $1;

-- name: copy_known_orders
-- As the session's figures are now.
INSERT INTO pg_temp.known_orders SELECT o.* FROM public.orders o WHERE o.session_id = $1;

-- name: copy_known_parcels
-- As above.
INSERT INTO pg_temp.known_parcels SELECT p.* FROM public.parcels p WHERE p.session_id = $1;

-- name: copy_parked
-- Events of the room that wait already.
INSERT INTO pg_temp.parked SELECT p.* FROM public.parked p WHERE p.platform = $1 AND p.room = $2;

-- name: copy_parked_rooms
-- The rooms of which the sender ($1) has parked events: their number is limited.
INSERT INTO pg_temp.parked_rooms SELECT p.* FROM public.parked_rooms p WHERE p.origin = $1;

-- name: read_only
-- From here on the connection writes temporary tables alone, and any other write is an error.
SET default_transaction_read_only = on;

-- name: statements
-- Events of orders ($3) that a newer statement may replace, without voided events, a page at a time.
SELECT e.session_id, e.event_key, e.id, e.source, e.type, e.platform, e.room, e.occurred_at, e.sent_time, e.data::text AS data
FROM pg_temp.events e
WHERE e.session_id = $1 AND e.event_key > $2 AND e.type LIKE 'live.order.%' AND e.data ->> 'order' = ANY($3::text[])
  AND e.data ->> 'revision' IS NOT NULL
  AND NOT EXISTS (SELECT FROM pg_temp.voided_events d WHERE d.session_id = e.session_id AND d.event_key = e.event_key)
ORDER BY e.event_key
LIMIT $4;

-- name: page
-- Events of orders ($3), without voided events, a page at a time.
SELECT e.session_id, e.event_key, e.id, e.source, e.type, e.platform, e.room, e.occurred_at, e.sent_time, e.data::text AS data
FROM pg_temp.events e
WHERE e.session_id = $1 AND e.event_key > $2 AND e.type LIKE 'live.order.%' AND e.data ->> 'order' = ANY($3::text[])
  AND NOT EXISTS (SELECT FROM pg_temp.voided_events d WHERE d.session_id = e.session_id AND d.event_key = e.event_key)
ORDER BY e.event_key
LIMIT $4;

-- name: changes
-- What becomes of the orders ($1): how many are new, change and stay; and the session's sums before and after, in minor units.
WITH named AS (
    SELECT k.*, ARRAY(SELECT (p.carrier, p.tracking, p.shipped_at, p.accepted_at)::text FROM pg_temp.known_parcels p
                      WHERE p.session_id = k.session_id AND p.platform = k.platform AND p.order_id = k.order_id ORDER BY p.parcel) AS parcels
    FROM pg_temp.known_orders k WHERE k.order_id = ANY($1::text[])
), told AS (
    SELECT o.*, ARRAY(SELECT (p.carrier, p.tracking, p.shipped_at, p.accepted_at)::text FROM pg_temp.parcels p
                      WHERE p.session_id = o.session_id AND p.platform = o.platform AND p.order_id = o.order_id ORDER BY p.parcel) AS parcels
    FROM pg_temp.orders o
), paired AS (
    SELECT n.order_id IS NULL AS new,
           (n.buyer, n.amount, n.lines::text, n.refunded_amount, n.placed_at, n.paid_at, n.cancelled_at, n.refunded_at,
            n.shipped_at, n.carrier, n.tracking, n.delivered_at, n.parcels)
               IS DISTINCT FROM
           (t.buyer, t.amount, t.lines::text, t.refunded_amount, t.placed_at, t.paid_at, t.cancelled_at, t.refunded_at,
            t.shipped_at, t.carrier, t.tracking, t.delivered_at, t.parcels) AS changed
    FROM named n FULL JOIN told t ON t.platform = n.platform AND t.order_id = n.order_id
), sums AS (
    SELECT side, count(*) FILTER (WHERE paid_at IS NOT NULL) AS orders,
           coalesce(sum(amount) FILTER (WHERE paid_at IS NOT NULL), 0) AS gmv,
           coalesce(sum(refunded_amount), 0) AS refunded,
           coalesce(sum((SELECT sum((line ->> 'quantity')::bigint) FROM json_array_elements(lines) AS line
                         WHERE (line ->> 'gift') IS NULL)) FILTER (WHERE paid_at IS NOT NULL), 0) AS units
    FROM (
        SELECT 'before' AS side, paid_at, amount, refunded_amount, lines FROM pg_temp.known_orders
        UNION ALL
        SELECT 'after', paid_at, amount, refunded_amount, lines FROM pg_temp.known_orders WHERE order_id <> ALL ($1::text[])
        UNION ALL
        SELECT 'after', paid_at, amount, refunded_amount, lines FROM pg_temp.orders
    ) AS rows
    GROUP BY side
)
SELECT (SELECT count(*) FILTER (WHERE new) FROM paired) AS new,
       (SELECT count(*) FILTER (WHERE changed AND NOT new) FROM paired) AS changed,
       (SELECT count(*) FILTER (WHERE NOT changed) FROM paired) AS unchanged,
       coalesce(b.orders, 0) AS orders_before, coalesce(a.orders, 0) AS orders_after,
       coalesce(b.units, 0) AS units_before, coalesce(a.units, 0) AS units_after,
       coalesce(b.gmv, 0) AS gmv_before, coalesce(a.gmv, 0) AS gmv_after,
       coalesce(b.refunded, 0) AS refunded_before, coalesce(a.refunded, 0) AS refunded_after
FROM (SELECT 1) AS one
LEFT JOIN sums b ON b.side = 'before'
LEFT JOIN sums a ON a.side = 'after';

-- name: known_codes
-- Those of the codes that are products of the brand, or aliases of one.
SELECT p.code FROM products p WHERE p.brand_id = $1 AND p.code = ANY($2::text[])
UNION
SELECT a.alias FROM product_aliases a WHERE a.brand_id = $1 AND a.alias = ANY($2::text[]);
