-- name: shadow_members
-- Empty tables of the same names, seen before the real ones by this connection alone: the fold writes into them.
CREATE TEMP TABLE members (LIKE public.members INCLUDING ALL) ON COMMIT DROP;

-- name: shadow_customers
-- As above.
CREATE TEMP TABLE customers (LIKE public.customers INCLUDING ALL) ON COMMIT DROP;

-- name: shadow_counters
-- As above.
CREATE TEMP TABLE counters (LIKE public.counters INCLUDING ALL) ON COMMIT DROP;

-- name: shadow_gauges
-- As above.
CREATE TEMP TABLE gauges (LIKE public.gauges INCLUDING ALL) ON COMMIT DROP;

-- name: shadow_orders
-- As above.
CREATE TEMP TABLE orders (LIKE public.orders INCLUDING ALL) ON COMMIT DROP;

-- name: shadow_spans
-- As above.
CREATE TEMP TABLE spans (LIKE public.spans INCLUDING ALL) ON COMMIT DROP;

-- name: shadow_refunds
-- As above.
CREATE TEMP TABLE refunds (LIKE public.refunds INCLUDING ALL) ON COMMIT DROP;

-- name: shadow_parcels
-- As above.
CREATE TEMP TABLE parcels (LIKE public.parcels INCLUDING ALL) ON COMMIT DROP;

-- name: shadow_sessions
-- As above.
CREATE TEMP TABLE sessions (LIKE public.sessions INCLUDING ALL) ON COMMIT DROP;

-- name: lock
-- The session, its brand and its currency, held against every other writer.
SELECT s.id, s.brand_id, s.currency FROM public.sessions s WHERE s.id = $1 FOR UPDATE;

-- name: find
-- The session, its brand and its currency.
SELECT s.id, s.brand_id, s.currency FROM public.sessions s WHERE s.id = $1;

-- name: begin_clock
-- The session without its clock.
INSERT INTO pg_temp.sessions (id, brand_id, title, kind, currency, time_zone, created_at)
SELECT s.id, s.brand_id, s.title, s.kind, s.currency, s.time_zone, s.created_at FROM public.sessions s WHERE s.id = $1;

-- name: begin_customers
-- Customers whom another session of the brand owns: a rebuild of this one may not count them as new.
INSERT INTO pg_temp.customers (brand_id, member, session_id, at, event_key)
SELECT c.brand_id, c.member, c.session_id, c.at, c.event_key
FROM public.customers c
WHERE c.brand_id = $2 AND c.session_id <> $1
  AND c.member IN (SELECT m.member FROM public.members m WHERE m.session_id = $1 AND m.set = 'buyer');

-- name: begin_next_purchases
-- The next purchases of buyers who are new in this session: whichever is the earlier counts.
INSERT INTO pg_temp.customers (brand_id, member, session_id, at, event_key)
SELECT $1::uuid, * FROM unnest($2::bytea[], $3::uuid[], $4::timestamptz[], $5::bytea[]);

-- name: customers_of
-- The buyers who are new in the session after the rebuild.
SELECT member FROM pg_temp.customers WHERE session_id = $1;

-- name: drop_counters
-- Shows the real table again.
DROP TABLE pg_temp.counters;

-- name: page
-- The log without voided events, a page at a time, in the order of its primary key.
SELECT e.session_id, e.event_key, e.id, e.source, e.type, e.platform, e.room, e.occurred_at, e.sent_time, e.data::text AS data
FROM public.events e
WHERE e.session_id = $1 AND e.event_key > $2
  AND NOT EXISTS (SELECT FROM public.voided_events d WHERE d.session_id = e.session_id AND d.event_key = e.event_key)
ORDER BY e.event_key
LIMIT $3;

-- name: statements
-- Events that a newer statement may replace, without voided events, a page at a time.
SELECT e.session_id, e.event_key, e.id, e.source, e.type, e.platform, e.room, e.occurred_at, e.sent_time, e.data::text AS data
FROM public.events e
WHERE e.session_id = $1 AND e.event_key > $2 AND e.type LIKE 'live.order.%' AND e.data ->> 'revision' IS NOT NULL
  AND NOT EXISTS (SELECT FROM public.voided_events d WHERE d.session_id = e.session_id AND d.event_key = e.event_key)
ORDER BY e.event_key
LIMIT $3;

-- name: pending_corrections
-- Sessions that must be folded again.
SELECT session_id FROM public.pending_corrections ORDER BY session_id;

-- name: pending_correction
-- The session, if it must be folded again.
SELECT session_id FROM public.pending_corrections WHERE session_id = $1;

-- name: restated_buyers
-- Buyers of orders that were paid in more than one statement: one of them may lose this purchase.
SELECT DISTINCT e.data ->> 'buyer' AS buyer
FROM public.events e
JOIN (
    SELECT o.source, o.platform, o.data ->> 'order' AS order_id
    FROM public.events o
    WHERE o.session_id = $1 AND o.type = 'live.order.paid' AND o.data ->> 'revision' IS NOT NULL
    GROUP BY 1, 2, 3
    HAVING count(*) > 1
) restated ON restated.source = e.source AND restated.platform = e.platform AND restated.order_id = e.data ->> 'order'
WHERE e.session_id = $1 AND e.type = 'live.order.paid' AND e.data ->> 'buyer' IS NOT NULL
ORDER BY 1;

-- name: clear_pending_correction
-- The session is folded again by the transaction that executes this.
DELETE FROM public.pending_corrections WHERE session_id = $1;

-- name: compare
-- Rows that only one side has.
WITH incremental AS (
    SELECT 'members' AS "table", jsonb_build_object('set', set, 'member', encode(member, 'hex'), 'at', at, 'event', encode(event_key, 'hex')) AS "row"
    FROM public.members WHERE session_id = $1
    UNION ALL
    SELECT 'customers', jsonb_build_object('member', encode(member, 'hex'), 'at', at, 'event', encode(event_key, 'hex'))
    FROM public.customers WHERE session_id = $1
    UNION ALL
    SELECT 'counters', to_jsonb(c) FROM public.counters c WHERE session_id = $1
    UNION ALL
    SELECT 'gauges', to_jsonb(g) FROM public.gauges g WHERE session_id = $1
    UNION ALL
    SELECT 'orders', to_jsonb(o) FROM public.orders o WHERE session_id = $1
    UNION ALL
    SELECT 'spans', to_jsonb(s) - 'was_started_at' - 'was_ended_at' - 'was_given_ms' FROM public.spans s WHERE session_id = $1
    UNION ALL
    SELECT 'refunds', to_jsonb(r) - 'was_single' - 'was_total' - 'was_total_at' - 'was_first_at' FROM public.refunds r WHERE session_id = $1
    UNION ALL
    SELECT 'parcels', to_jsonb(p) FROM public.parcels p WHERE session_id = $1
    UNION ALL
    SELECT 'sessions', jsonb_build_object('started_at', started_at, 'ended_at', ended_at) FROM public.sessions WHERE id = $1
), rebuilt AS (
    SELECT 'members' AS "table", jsonb_build_object('set', set, 'member', encode(member, 'hex'), 'at', at, 'event', encode(event_key, 'hex')) AS "row"
    FROM pg_temp.members WHERE session_id = $1
    UNION ALL
    SELECT 'customers', jsonb_build_object('member', encode(member, 'hex'), 'at', at, 'event', encode(event_key, 'hex'))
    FROM pg_temp.customers WHERE session_id = $1
    UNION ALL
    SELECT 'counters', to_jsonb(c) FROM pg_temp.counters c WHERE session_id = $1
    UNION ALL
    SELECT 'gauges', to_jsonb(g) FROM pg_temp.gauges g WHERE session_id = $1
    UNION ALL
    SELECT 'orders', to_jsonb(o) FROM pg_temp.orders o WHERE session_id = $1
    UNION ALL
    SELECT 'spans', to_jsonb(s) - 'was_started_at' - 'was_ended_at' - 'was_given_ms' FROM pg_temp.spans s WHERE session_id = $1
    UNION ALL
    SELECT 'refunds', to_jsonb(r) - 'was_single' - 'was_total' - 'was_total_at' - 'was_first_at' FROM pg_temp.refunds r WHERE session_id = $1
    UNION ALL
    SELECT 'parcels', to_jsonb(p) FROM pg_temp.parcels p WHERE session_id = $1
    UNION ALL
    SELECT 'sessions', jsonb_build_object('started_at', started_at, 'ended_at', ended_at) FROM pg_temp.sessions WHERE id = $1
)
(SELECT 'incremental' AS side, "table", "row"::text FROM (TABLE incremental EXCEPT TABLE rebuilt) AS a)
UNION ALL
(SELECT 'rebuilt', "table", "row"::text FROM (TABLE rebuilt EXCEPT TABLE incremental) AS b)
ORDER BY 2, 3, 1
LIMIT $2;

-- name: clear_members
-- Makes room for the rebuilt rows.
DELETE FROM public.members WHERE session_id = $1;

-- name: clear_customers
-- As above.
DELETE FROM public.customers WHERE session_id = $1;

-- name: clear_counters
-- As above.
DELETE FROM public.counters WHERE session_id = $1;

-- name: clear_gauges
-- As above.
DELETE FROM public.gauges WHERE session_id = $1;

-- name: clear_orders
-- As above.
DELETE FROM public.orders WHERE session_id = $1;

-- name: clear_spans
-- As above.
DELETE FROM public.spans WHERE session_id = $1;

-- name: clear_refunds
-- As above.
DELETE FROM public.refunds WHERE session_id = $1;

-- name: clear_parcels
-- As above.
DELETE FROM public.parcels WHERE session_id = $1;

-- name: copy_members
-- Puts the rebuilt rows in place.
INSERT INTO public.members SELECT * FROM pg_temp.members WHERE session_id = $1;

-- name: copy_customers
-- As above.
INSERT INTO public.customers SELECT * FROM pg_temp.customers WHERE session_id = $1 ON CONFLICT (brand_id, member) DO NOTHING;

-- name: copy_counters
-- As above.
INSERT INTO public.counters SELECT * FROM pg_temp.counters WHERE session_id = $1;

-- name: copy_gauges
-- As above.
INSERT INTO public.gauges SELECT * FROM pg_temp.gauges WHERE session_id = $1;

-- name: copy_orders
-- As above.
INSERT INTO public.orders SELECT * FROM pg_temp.orders WHERE session_id = $1;

-- name: copy_spans
-- As above.
INSERT INTO public.spans SELECT * FROM pg_temp.spans WHERE session_id = $1;

-- name: copy_refunds
-- As above.
INSERT INTO public.refunds SELECT * FROM pg_temp.refunds WHERE session_id = $1;

-- name: copy_parcels
-- As above.
INSERT INTO public.parcels SELECT * FROM pg_temp.parcels WHERE session_id = $1;

-- name: clock
-- The rebuilt clock. It is read and written back, since Citus joins no reference table with a temporary one in an UPDATE.
SELECT started_at, ended_at FROM pg_temp.sessions WHERE id = $1;

-- name: copy_clock
-- As above.
UPDATE public.sessions SET started_at = $2, ended_at = $3 WHERE id = $1;

-- name: clear_session_values
-- Makes room for the distinct values of the rebuilt session.
DELETE FROM public.session_values WHERE session_id = $1;
