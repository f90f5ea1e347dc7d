-- name: pack_seconds
-- Moves sums by the second that a former version wrote into the rows of their minutes, as the staged fold has them.
WITH unpacked AS (
    DELETE FROM public.counters WHERE session_id = $1 AND grain = 1
    RETURNING key, bucket, platform, metric, value, contributions
)
UPDATE public.counters c
SET seconds = CASE WHEN c.seconds IS NULL THEN found.seconds ELSE c.seconds || ',' || found.seconds END
FROM (
    SELECT key, date_bin('1 minute', bucket, 'epoch'::timestamptz) AS minute, platform, metric,
           string_agg(extract(second FROM bucket)::int || ':' || value || ':' || contributions, ',') AS seconds
    FROM unpacked
    GROUP BY key, minute, platform, metric
) AS found
WHERE c.session_id = $1 AND c.grain = 60 AND c.key = found.key AND c.bucket = found.minute AND c.platform = found.platform
  AND c.metric = found.metric;

-- name: clock
-- The rebuilt clock. It is read and written back, since Citus joins no reference table with a temporary one in an UPDATE.
SELECT started_at, ended_at FROM pg_temp.sessions WHERE id = $1;

-- name: copy_clock
-- Puts it in place; flushes do not note the session's events any more.
UPDATE public.sessions SET started_at = $2, ended_at = $3, rebuild = NULL WHERE id = $1;

-- name: find_buyers
-- Looks up where the buyers came from first, and by which order each is counted: entries and purchases may have been replaced.
UPDATE public.orders o
SET buyer_arrival = found.arrival, buyer_counted = found.counted
FROM (
    SELECT n.platform, n.order_id, (
               SELECT concat(e.data ->> 'source', '|', '|' || (e.data ->> 'paid')::boolean::int)
               FROM public.events e
               WHERE e.session_id = $1 AND e.event_key = (
                   SELECT v.event_key FROM public.members v WHERE v.session_id = $1 AND v.set = 'viewer' AND v.member = n.member)
           ) AS arrival, EXISTS (
               SELECT FROM public.members b
               WHERE b.session_id = $1 AND b.set = 'buyer' AND b.member = n.member AND b.event_key = n.told_key
           ) AS counted
    FROM (
        SELECT b.platform, b.order_id, b.told_key, CASE WHEN b.buyer ~ '^[0-9a-f]{32}$' THEN decode(b.buyer, 'hex') END AS member
        FROM public.orders b
        WHERE b.session_id = $1
    ) n
) AS found
WHERE o.session_id = $1 AND o.platform = found.platform AND o.order_id = found.order_id
  AND (o.buyer_arrival, o.buyer_counted) IS DISTINCT FROM (found.arrival, found.counted);

-- name: clear_session_values
-- Makes room for the distinct values of the rebuilt session.
DELETE FROM public.session_values WHERE session_id = $1;
