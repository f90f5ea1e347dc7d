-- name: clear_members
-- Deletes the rows that the rebuild does not have, or has with other values.
DELETE FROM public.members t
USING (
    SELECT set, member, at, event_key
    FROM public.members WHERE session_id = $1
    EXCEPT
    SELECT set, member, at, event_key
    FROM pg_temp.members WHERE session_id = $1
) AS gone
WHERE t.session_id = $1 AND t.set = gone.set AND t.member = gone.member;

-- name: copy_members
-- Adds the rows that only the rebuild has.
INSERT INTO public.members (session_id, set, member, at, event_key)
SELECT $1::uuid, set, member, at, event_key
FROM (
    SELECT set, member, at, event_key
    FROM pg_temp.members WHERE session_id = $1
    EXCEPT
    SELECT set, member, at, event_key
    FROM public.members WHERE session_id = $1
) AS missing;

-- name: clear_counters
-- As above.
DELETE FROM public.counters t
USING (
    SELECT grain, key, bucket, platform, metric, value, contributions
    FROM public.counters WHERE session_id = $1
    EXCEPT
    SELECT grain, key, bucket, platform, metric, value, contributions
    FROM pg_temp.counters WHERE session_id = $1
) AS gone
WHERE t.session_id = $1 AND t.grain = gone.grain AND t.key = gone.key AND t.bucket = gone.bucket AND t.platform = gone.platform AND t.metric = gone.metric;

-- name: copy_counters
-- As above.
INSERT INTO public.counters (session_id, grain, key, bucket, platform, metric, value, contributions)
SELECT $1::uuid, grain, key, bucket, platform, metric, value, contributions
FROM (
    SELECT grain, key, bucket, platform, metric, value, contributions
    FROM pg_temp.counters WHERE session_id = $1
    EXCEPT
    SELECT grain, key, bucket, platform, metric, value, contributions
    FROM public.counters WHERE session_id = $1
) AS missing;

-- name: clear_gauges
-- As above.
DELETE FROM public.gauges t
USING (
    SELECT grain, key, bucket, platform, room, metric, latest, latest_at, latest_key, highest
    FROM public.gauges WHERE session_id = $1
    EXCEPT
    SELECT grain, key, bucket, platform, room, metric, latest, latest_at, latest_key, highest
    FROM pg_temp.gauges WHERE session_id = $1
) AS gone
WHERE t.session_id = $1 AND t.grain = gone.grain AND t.key = gone.key AND t.bucket = gone.bucket AND t.platform = gone.platform AND t.room = gone.room AND t.metric = gone.metric;

-- name: copy_gauges
-- As above.
INSERT INTO public.gauges (session_id, grain, key, bucket, platform, room, metric, latest, latest_at, latest_key, highest)
SELECT $1::uuid, grain, key, bucket, platform, room, metric, latest, latest_at, latest_key, highest
FROM (
    SELECT grain, key, bucket, platform, room, metric, latest, latest_at, latest_key, highest
    FROM pg_temp.gauges WHERE session_id = $1
    EXCEPT
    SELECT grain, key, bucket, platform, room, metric, latest, latest_at, latest_key, highest
    FROM public.gauges WHERE session_id = $1
) AS missing;

-- name: clear_orders
-- As above.
DELETE FROM public.orders t
USING (
    SELECT platform, order_id, told_rank, told_at, told_key, buyer, amount, lines::text AS lines, refunded_amount, placed_at,
           paid_at, cancelled_at, refunded_at, shipped_at, shipped_key, carrier, tracking, delivered_at
    FROM public.orders WHERE session_id = $1
    EXCEPT
    SELECT platform, order_id, told_rank, told_at, told_key, buyer, amount, lines::text AS lines, refunded_amount, placed_at,
           paid_at, cancelled_at, refunded_at, shipped_at, shipped_key, carrier, tracking, delivered_at
    FROM pg_temp.orders WHERE session_id = $1
) AS gone
WHERE t.session_id = $1 AND t.platform = gone.platform AND t.order_id = gone.order_id;

-- name: copy_orders
-- As above.
INSERT INTO public.orders (session_id, platform, order_id, told_rank, told_at, told_key, buyer, amount, lines, refunded_amount, placed_at, paid_at, cancelled_at,
    refunded_at, shipped_at, shipped_key, carrier, tracking, delivered_at)
SELECT $1::uuid, platform, order_id, told_rank, told_at, told_key, buyer, amount, lines::json, refunded_amount, placed_at, paid_at,
       cancelled_at, refunded_at, shipped_at, shipped_key, carrier, tracking, delivered_at
FROM (
    SELECT platform, order_id, told_rank, told_at, told_key, buyer, amount, lines::text AS lines, refunded_amount, placed_at,
           paid_at, cancelled_at, refunded_at, shipped_at, shipped_key, carrier, tracking, delivered_at
    FROM pg_temp.orders WHERE session_id = $1
    EXCEPT
    SELECT platform, order_id, told_rank, told_at, told_key, buyer, amount, lines::text AS lines, refunded_amount, placed_at,
           paid_at, cancelled_at, refunded_at, shipped_at, shipped_key, carrier, tracking, delivered_at
    FROM public.orders WHERE session_id = $1
) AS missing;

-- name: clear_spans
-- As above.
DELETE FROM public.spans t
USING (
    SELECT kind, member, platform, started_at, ended_at, ended_key, given_ms
    FROM public.spans WHERE session_id = $1
    EXCEPT
    SELECT kind, member, platform, started_at, ended_at, ended_key, given_ms
    FROM pg_temp.spans WHERE session_id = $1
) AS gone
WHERE t.session_id = $1 AND t.kind = gone.kind AND t.member = gone.member;

-- name: copy_spans
-- As above.
INSERT INTO public.spans (session_id, kind, member, platform, started_at, ended_at, ended_key, given_ms)
SELECT $1::uuid, kind, member, platform, started_at, ended_at, ended_key, given_ms
FROM (
    SELECT kind, member, platform, started_at, ended_at, ended_key, given_ms
    FROM pg_temp.spans WHERE session_id = $1
    EXCEPT
    SELECT kind, member, platform, started_at, ended_at, ended_key, given_ms
    FROM public.spans WHERE session_id = $1
) AS missing;

-- name: clear_refunds
-- As above.
DELETE FROM public.refunds t
USING (
    SELECT platform, order_id, key, singles, single, total, total_rank, total_key, total_at, first_at
    FROM public.refunds WHERE session_id = $1
    EXCEPT
    SELECT platform, order_id, key, singles, single, total, total_rank, total_key, total_at, first_at
    FROM pg_temp.refunds WHERE session_id = $1
) AS gone
WHERE t.session_id = $1 AND t.platform = gone.platform AND t.order_id = gone.order_id AND t.key = gone.key;

-- name: copy_refunds
-- As above.
INSERT INTO public.refunds (session_id, platform, order_id, key, singles, single, total, total_rank, total_key, total_at, first_at)
SELECT $1::uuid, platform, order_id, key, singles, single, total, total_rank, total_key, total_at, first_at
FROM (
    SELECT platform, order_id, key, singles, single, total, total_rank, total_key, total_at, first_at
    FROM pg_temp.refunds WHERE session_id = $1
    EXCEPT
    SELECT platform, order_id, key, singles, single, total, total_rank, total_key, total_at, first_at
    FROM public.refunds WHERE session_id = $1
) AS missing;

-- name: clear_parcels
-- As above.
DELETE FROM public.parcels t
USING (
    SELECT platform, order_id, parcel, carrier, tracking, shipped_at
    FROM public.parcels WHERE session_id = $1
    EXCEPT
    SELECT platform, order_id, parcel, carrier, tracking, shipped_at
    FROM pg_temp.parcels WHERE session_id = $1
) AS gone
WHERE t.session_id = $1 AND t.platform = gone.platform AND t.order_id = gone.order_id AND t.parcel = gone.parcel;

-- name: copy_parcels
-- As above.
INSERT INTO public.parcels (session_id, platform, order_id, parcel, carrier, tracking, shipped_at)
SELECT $1::uuid, platform, order_id, parcel, carrier, tracking, shipped_at
FROM (
    SELECT platform, order_id, parcel, carrier, tracking, shipped_at
    FROM pg_temp.parcels WHERE session_id = $1
    EXCEPT
    SELECT platform, order_id, parcel, carrier, tracking, shipped_at
    FROM public.parcels WHERE session_id = $1
) AS missing;

-- name: clock
-- The rebuilt clock. It is read and written back, since Citus joins no reference table with a temporary one in an UPDATE.
SELECT started_at, ended_at FROM pg_temp.sessions WHERE id = $1;

-- name: copy_clock
-- Puts it in place; flushes do not note the session's events any more.
UPDATE public.sessions SET started_at = $2, ended_at = $3, rebuild = NULL WHERE id = $1;

-- name: clear_session_values
-- Makes room for the distinct values of the rebuilt session.
DELETE FROM public.session_values WHERE session_id = $1;
