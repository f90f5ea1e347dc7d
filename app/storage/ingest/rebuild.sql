-- name: distributed
-- Whether the server is a coordinator of Citus.
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus');

-- name: shadow_members
-- Empty tables of the same names, seen before the real ones by this connection alone: the fold writes into them.
CREATE TEMP TABLE members (LIKE public.members INCLUDING ALL) ON COMMIT PRESERVE ROWS;

-- name: shadow_customers
-- As above.
CREATE TEMP TABLE customers (LIKE public.customers INCLUDING ALL) ON COMMIT PRESERVE ROWS;

-- name: shadow_counters
-- As above.
CREATE TEMP TABLE counters (LIKE public.counters INCLUDING ALL) ON COMMIT PRESERVE ROWS;

-- name: shadow_gauges
-- As above.
CREATE TEMP TABLE gauges (LIKE public.gauges INCLUDING ALL) ON COMMIT PRESERVE ROWS;

-- name: shadow_orders
-- As above.
CREATE TEMP TABLE orders (LIKE public.orders INCLUDING ALL) ON COMMIT PRESERVE ROWS;

-- name: shadow_spans
-- As above.
CREATE TEMP TABLE spans (LIKE public.spans INCLUDING ALL) ON COMMIT PRESERVE ROWS;

-- name: shadow_refunds
-- As above.
CREATE TEMP TABLE refunds (LIKE public.refunds INCLUDING ALL) ON COMMIT PRESERVE ROWS;

-- name: shadow_parcels
-- As above.
CREATE TEMP TABLE parcels (LIKE public.parcels INCLUDING ALL) ON COMMIT PRESERVE ROWS;

-- name: shadow_marks
-- As above.
CREATE TEMP TABLE marks (LIKE public.marks INCLUDING ALL) ON COMMIT PRESERVE ROWS;

-- name: shadow_sessions
-- As above.
CREATE TEMP TABLE sessions (LIKE public.sessions INCLUDING ALL) ON COMMIT PRESERVE ROWS;

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

-- name: page
-- The log without voided events, a page at a time, in the order of its primary key. $4: without the events that were logged since
-- the session was marked, which are folded last.
SELECT e.session_id, e.event_key, e.id, e.source, e.type, e.platform, e.room, e.occurred_at, e.sent_time, e.data::text AS data
FROM public.events e
WHERE e.session_id = $1 AND e.event_key > $2
  AND NOT EXISTS (SELECT FROM public.voided_events d WHERE d.session_id = e.session_id AND d.event_key = e.event_key)
  AND NOT ($4::boolean AND EXISTS (SELECT FROM public.rebuild_events r WHERE r.session_id = $1 AND r.event_key = e.event_key))
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

-- name: compare
-- Rows that only one side has.
WITH incremental AS (
    SELECT 'members' AS "table", jsonb_build_object('set', set, 'member', encode(member, 'hex'), 'at', at, 'event', encode(event_key, 'hex')) AS "row"
    FROM public.members WHERE session_id = $1
    UNION ALL
    SELECT 'customers', jsonb_build_object('member', encode(member, 'hex'), 'at', at, 'event', encode(event_key, 'hex'))
    FROM public.customers WHERE session_id = $1
    UNION ALL
    SELECT 'counters', to_jsonb(c) - 'seconds' FROM public.counters c WHERE session_id = $1 AND grain <> 1
    UNION ALL
    SELECT 'counters', jsonb_build_object('grain', 1, 'key', key, 'bucket', bucket, 'platform', platform, 'metric', metric,
                                          'value', sum(value), 'contributions', sum(contributions))
    FROM (
        SELECT key, bucket, platform, metric, value, contributions FROM public.counters WHERE session_id = $1 AND grain = 1
        UNION ALL
        SELECT m.key, m.bucket + split_part(part, ':', 1)::int * interval '1 second', m.platform, m.metric,
               split_part(part, ':', 2)::numeric, split_part(part, ':', 3)::bigint
        FROM public.counters m
        CROSS JOIN LATERAL string_to_table(m.seconds, ',') AS part
        WHERE m.session_id = $1 AND m.grain = 60
    ) AS by_second
    GROUP BY key, bucket, platform, metric
    HAVING sum(value) <> 0 OR sum(contributions) <> 0
    UNION ALL
    SELECT 'gauges', to_jsonb(g) FROM public.gauges g WHERE session_id = $1
    UNION ALL
    SELECT 'orders', to_jsonb(o) - 'buyer_arrival' - 'buyer_counted' FROM public.orders o WHERE session_id = $1
    UNION ALL
    SELECT 'spans', to_jsonb(s) - 'was_started_at' - 'was_ended_at' - 'was_given_ms' FROM public.spans s WHERE session_id = $1
    UNION ALL
    SELECT 'refunds', to_jsonb(r) - 'was_single' - 'was_total' - 'was_total_at' - 'was_first_at' FROM public.refunds r WHERE session_id = $1
    UNION ALL
    SELECT 'parcels', to_jsonb(p) FROM public.parcels p WHERE session_id = $1
    UNION ALL
    SELECT 'marks', to_jsonb(m) FROM public.marks m WHERE session_id = $1
    UNION ALL
    SELECT 'sessions', jsonb_build_object('started_at', started_at, 'ended_at', ended_at) FROM public.sessions WHERE id = $1
), rebuilt AS (
    SELECT 'members' AS "table", jsonb_build_object('set', set, 'member', encode(member, 'hex'), 'at', at, 'event', encode(event_key, 'hex')) AS "row"
    FROM pg_temp.members WHERE session_id = $1
    UNION ALL
    SELECT 'customers', jsonb_build_object('member', encode(member, 'hex'), 'at', at, 'event', encode(event_key, 'hex'))
    FROM pg_temp.customers WHERE session_id = $1
    UNION ALL
    SELECT 'counters', to_jsonb(c) - 'seconds' FROM pg_temp.counters c WHERE session_id = $1 AND grain <> 1
    UNION ALL
    SELECT 'counters', jsonb_build_object('grain', 1, 'key', key, 'bucket', bucket, 'platform', platform, 'metric', metric,
                                          'value', sum(value), 'contributions', sum(contributions))
    FROM (
        SELECT key, bucket, platform, metric, value, contributions FROM pg_temp.counters WHERE session_id = $1 AND grain = 1
        UNION ALL
        SELECT m.key, m.bucket + split_part(part, ':', 1)::int * interval '1 second', m.platform, m.metric,
               split_part(part, ':', 2)::numeric, split_part(part, ':', 3)::bigint
        FROM pg_temp.counters m
        CROSS JOIN LATERAL string_to_table(m.seconds, ',') AS part
        WHERE m.session_id = $1 AND m.grain = 60
    ) AS by_second
    GROUP BY key, bucket, platform, metric
    HAVING sum(value) <> 0 OR sum(contributions) <> 0
    UNION ALL
    SELECT 'gauges', to_jsonb(g) FROM pg_temp.gauges g WHERE session_id = $1
    UNION ALL
    SELECT 'orders', to_jsonb(o) - 'buyer_arrival' - 'buyer_counted' FROM pg_temp.orders o WHERE session_id = $1
    UNION ALL
    SELECT 'spans', to_jsonb(s) - 'was_started_at' - 'was_ended_at' - 'was_given_ms' FROM pg_temp.spans s WHERE session_id = $1
    UNION ALL
    SELECT 'refunds', to_jsonb(r) - 'was_single' - 'was_total' - 'was_total_at' - 'was_first_at' FROM pg_temp.refunds r WHERE session_id = $1
    UNION ALL
    SELECT 'parcels', to_jsonb(p) FROM pg_temp.parcels p WHERE session_id = $1
    UNION ALL
    SELECT 'marks', to_jsonb(m) FROM pg_temp.marks m WHERE session_id = $1
    UNION ALL
    SELECT 'sessions', jsonb_build_object('started_at', started_at, 'ended_at', ended_at) FROM pg_temp.sessions WHERE id = $1
)
(SELECT 'incremental' AS side, "table", "row"::text FROM (TABLE incremental EXCEPT TABLE rebuilt) AS a)
UNION ALL
(SELECT 'rebuilt', "table", "row"::text FROM (TABLE rebuilt EXCEPT TABLE incremental) AS b)
ORDER BY 2, 3, 1
LIMIT $2;
