-- name: session_figures
-- The hot read of the KPIs: one row with the session, and its whole-session figures as arrays. Grain 0 with key '' is one
-- stretch of both primary keys, so the cost does not grow with the number of events.
SELECT s.id, s.brand_id, b.slug, b.name, s.title, s.host, s.kind, s.currency, s.time_zone,
       s.scheduled_at, s.started_at, s.ended_at,
       greatest(sampled.at, (SELECT c.bucket
        FROM counters c
        WHERE c.session_id = $1::uuid AND c.grain = 60 AND c.key = ''
        ORDER BY c.bucket DESC
        LIMIT 1)) AS last_telemetry,
       ARRAY(SELECT DISTINCT st.platform FROM streams st WHERE st.session_id = $1::uuid ORDER BY 1) AS platforms,
       counted.platforms AS counted_platforms, counted.metrics AS counted_metrics, counted.sums AS counted_values,
       sampled.platforms AS sampled_platforms, sampled.rooms AS sampled_rooms, sampled.metrics AS sampled_metrics,
       sampled.latest AS sampled_latest, sampled.moments AS sampled_at, sampled.highest AS sampled_highest,
       rooms.platforms AS room_platforms, rooms.names AS room_names, rooms.latest AS room_latest, rooms.at AS room_at,
       parts.platforms AS part_platforms, parts.metrics AS part_metrics,
       parts.reported AS part_reported, parts.counted AS part_counted,
       (SELECT sum(c.value)::text
        FROM counters c
        WHERE c.session_id = $1::uuid AND c.grain = 0 AND c.key > '' AND c.metric = 'gmv') AS products_gmv,
       benchmarks.platforms AS benchmark_platforms, benchmarks.rooms AS benchmark_rooms, benchmarks.keys AS benchmark_keys,
       benchmarks.metrics AS benchmark_metrics, benchmarks.latest AS benchmark_latest, benchmarks.at AS benchmark_at,
       clocks.keys AS corrected_keys, clocks.events AS corrected_events,
       s.revision, (SELECT r.kpis FROM revisions r WHERE r.session_id = $1::uuid AND r.number = s.revision) AS released_kpis,
       later.platforms AS later_platforms, later.sums AS later_sums
FROM sessions s
JOIN brands b ON b.id = s.brand_id
CROSS JOIN (
    SELECT array_agg(c.platform) AS platforms, array_agg(c.metric) AS metrics, array_agg(c.value::text) AS sums
    FROM counters c
    WHERE c.session_id = $1::uuid AND c.grain = 0 AND c.key = ''
) counted
CROSS JOIN (
    SELECT array_agg(g.platform) AS platforms, array_agg(g.room) AS rooms, array_agg(g.metric) AS metrics,
           array_agg(g.latest) AS latest, array_agg(g.latest_at) AS moments, array_agg(g.highest) AS highest,
           max(g.latest_at) AS at
    FROM gauges g
    WHERE g.session_id = $1::uuid AND g.grain = 0 AND g.key = ''
) sampled
CROSS JOIN (
    SELECT array_agg(g.platform) AS platforms, array_agg(g.key) AS names,
           array_agg(g.latest) AS latest, array_agg(g.latest_at) AS at
    FROM gauges g
    WHERE g.session_id = $1::uuid AND g.grain = 0 AND g.metric = 'broadcast'
) rooms
CROSS JOIN (
    -- Figures that platforms report product by product or campaign by campaign, and what was counted of the same. What a campaign
    -- cost in another currency has a key of its own, and the number of the currency behind its name.
    SELECT array_agg(p.platform) AS platforms, array_agg(p.metric) AS metrics, array_agg(p.reported::text) AS reported,
           array_agg(p.counted::text) AS counted
    FROM (
        SELECT g.platform, CASE g.metric WHEN 'ad_spend' THEN (
                   SELECT concat_ws(':', 'ad_spend', max(k.latest))
                   FROM gauges s
                   LEFT JOIN gauges k
                       ON k.session_id = s.session_id AND k.grain = 0 AND k.key = s.key AND k.bucket = s.bucket
                       AND k.platform = s.platform AND k.room = s.room AND k.metric = 'ad_currency' AND k.latest_key = s.latest_key
                   WHERE s.session_id = $1::uuid AND s.grain = 0 AND s.key = g.key AND s.bucket = g.bucket
                     AND s.platform = g.platform AND s.metric = 'ad_spend'
               ) ELSE g.metric END AS metric,
               sum(g.latest) AS reported, coalesce(sum(c.value), 0) AS counted
        FROM platform_gauges g
        LEFT JOIN counters c
            ON c.session_id = $1::uuid AND c.grain = 0 AND c.key = g.key AND c.bucket = g.bucket AND c.platform = g.platform
            AND c.metric = CASE g.metric WHEN 'impressions' THEN 'product_impressions' ELSE g.metric END
        WHERE g.session_id = $1::uuid AND g.grain = 0 AND g.key > ''
          AND g.metric IN ('product_clicks', 'impressions', 'ad_spend')
          -- A version that kept a campaign's currencies under its name alone may have kept this one there: the newer of both rows counts.
          AND NOT (g.metric = 'ad_spend' AND EXISTS (
              SELECT 1
              FROM gauges s
              JOIN gauges k
                  ON k.session_id = s.session_id AND k.grain = 0 AND k.key = s.key AND k.bucket = s.bucket
                  AND k.platform = s.platform AND k.metric = 'ad_currency' AND k.latest_key = s.latest_key
              JOIN gauges o
                  ON o.session_id = s.session_id AND o.grain = 0 AND o.bucket = s.bucket
                  AND o.key = CASE WHEN k.key LIKE E'%\n%' THEN split_part(k.key, E'\n', 1)
                                   ELSE k.key || E'\n' || chr((65 + k.latest / 676)::int) || chr((65 + k.latest / 26 % 26)::int)
                                        || chr((65 + k.latest % 26)::int) END
                  AND o.platform = s.platform AND o.metric = 'ad_currency' AND o.latest = k.latest
                  AND (o.latest_at, o.latest_key) > (k.latest_at, k.latest_key)
              JOIN gauges n
                  ON n.session_id = s.session_id AND n.grain = 0 AND n.key = o.key AND n.bucket = s.bucket
                  AND n.platform = s.platform AND n.metric = 'ad_spend' AND n.latest_key = o.latest_key
              WHERE s.session_id = $1::uuid AND s.grain = 0 AND s.key = g.key AND s.bucket = g.bucket
                AND s.platform = g.platform AND s.metric = 'ad_spend'
          ))
        GROUP BY 1, 2
    ) p
) parts
CROSS JOIN (
    SELECT array_agg(c.key) AS keys, array_agg(c.events::text) AS events
    FROM (
        SELECT c.key, sum(c.value) AS events
        FROM counters c
        WHERE c.session_id = $1::uuid AND c.grain = 0 AND c.key >= 'clock|' AND c.key < 'clock}' AND c.metric = 'clock_corrected'
        GROUP BY c.key
        ORDER BY events DESC, c.key
        LIMIT 10
    ) c
) clocks
CROSS JOIN LATERAL (
    -- What was paid in the seven days after the last end: a short stretch of its index, and nothing before the first end.
    SELECT array_agg(o.platform) AS platforms, array_agg(o.sums) AS sums
    FROM (
        SELECT o.platform,
               ARRAY[count(*) FILTER (WHERE o.paid_at < s.ended_at + interval '24 hours'),
                     coalesce(sum(o.amount) FILTER (WHERE o.paid_at < s.ended_at + interval '24 hours'), 0),
                     coalesce(sum(o.refunded_amount) FILTER (WHERE o.paid_at < s.ended_at + interval '24 hours'), 0),
                     count(*), coalesce(sum(o.amount), 0), coalesce(sum(o.refunded_amount), 0)]::text[] AS sums
        FROM orders o
        WHERE o.session_id = $1::uuid AND o.paid_at >= s.ended_at AND o.paid_at < s.ended_at + interval '7 days'
        GROUP BY o.platform
    ) o
) later
CROSS JOIN (
    -- The platforms' own comparisons: a short stretch of the primary key.
    SELECT array_agg(g.platform) AS platforms, array_agg(g.room) AS rooms, array_agg(g.key) AS keys, array_agg(g.metric) AS metrics,
           array_agg(g.latest) AS latest, array_agg(g.latest_at) AS at
    FROM gauges g
    WHERE g.session_id = $1::uuid AND g.grain = 0 AND g.key >= 'benchmark|' AND g.key < 'benchmark}'
) benchmarks
WHERE s.id = $1::uuid AND ($2::uuid IS NULL OR s.brand_id = $2::uuid);

-- name: session_head
-- The session alone, with its rooms, for the reads that need no whole-session figures.
SELECT s.id, s.brand_id, b.slug, b.name, s.title, s.host, s.kind, s.currency, s.time_zone,
       s.scheduled_at, s.started_at, s.ended_at,
       greatest(
           (SELECT max(g.latest_at) FROM gauges g WHERE g.session_id = $1::uuid AND g.grain = 0 AND g.key = ''),
           (SELECT c.bucket
        FROM counters c
        WHERE c.session_id = $1::uuid AND c.grain = 60 AND c.key = ''
        ORDER BY c.bucket DESC
        LIMIT 1)
       ) AS last_telemetry,
       ARRAY(SELECT DISTINCT st.platform FROM streams st WHERE st.session_id = $1::uuid ORDER BY 1) AS platforms,
       rooms.platforms AS room_platforms, rooms.names AS room_names, rooms.latest AS room_latest, rooms.at AS room_at,
       s.revision
FROM sessions s
JOIN brands b ON b.id = s.brand_id
CROSS JOIN (
    SELECT array_agg(g.platform) AS platforms, array_agg(g.key) AS names,
           array_agg(g.latest) AS latest, array_agg(g.latest_at) AS at
    FROM gauges g
    WHERE g.session_id = $1::uuid AND g.grain = 0 AND g.metric = 'broadcast'
) rooms
WHERE s.id = $1::uuid AND ($2::uuid IS NULL OR s.brand_id = $2::uuid);

-- name: concurrency
-- Concurrent viewers by minute and room, in order.
SELECT g.bucket, g.platform, g.room, g.latest, g.latest_at, g.highest
FROM gauges g
WHERE g.session_id = $1::uuid AND g.grain = 60 AND g.key = '' AND g.metric = 'concurrent_viewers'
ORDER BY g.bucket, g.latest_at, g.platform, g.room;

-- name: timeline_extent
-- The first and the last minute in which anything was counted or sampled for the session or one of its products.
SELECT min(minute) AS first, max(minute) AS last
FROM (
    (SELECT c.bucket AS minute FROM counters c
     WHERE c.session_id = $1::uuid AND c.grain = 60 AND c.key = $2::text ORDER BY c.bucket LIMIT 1)
    UNION ALL
    (SELECT c.bucket FROM counters c
     WHERE c.session_id = $1::uuid AND c.grain = 60 AND c.key = $2::text ORDER BY c.bucket DESC LIMIT 1)
    UNION ALL
    (SELECT g.bucket FROM gauges g
     WHERE g.session_id = $1::uuid AND g.grain = 60 AND g.key = $2::text ORDER BY g.bucket LIMIT 1)
    UNION ALL
    (SELECT g.bucket FROM gauges g
     WHERE g.session_id = $1::uuid AND g.grain = 60 AND g.key = $2::text ORDER BY g.bucket DESC LIMIT 1)
) minutes;

-- name: timeline_last_before
-- The last minute up to a limit in which anything was counted or sampled: where a broadcast's tail ends.
SELECT max(minute)
FROM (
    (SELECT c.bucket AS minute FROM counters c
     WHERE c.session_id = $1::uuid AND c.grain = 60 AND c.key = $2::text AND c.bucket <= $3::timestamptz
     ORDER BY c.bucket DESC LIMIT 1)
    UNION ALL
    (SELECT g.bucket FROM gauges g
     WHERE g.session_id = $1::uuid AND g.grain = 60 AND g.key = $2::text AND g.bucket <= $3::timestamptz
     ORDER BY g.bucket DESC LIMIT 1)
) minutes;

-- name: timeline_first_after
-- The first minute from a limit on in which anything was counted or sampled.
SELECT min(minute)
FROM (
    (SELECT c.bucket AS minute FROM counters c
     WHERE c.session_id = $1::uuid AND c.grain = 60 AND c.key = $2::text AND c.bucket >= $3::timestamptz
     ORDER BY c.bucket LIMIT 1)
    UNION ALL
    (SELECT g.bucket FROM gauges g
     WHERE g.session_id = $1::uuid AND g.grain = 60 AND g.key = $2::text AND g.bucket >= $3::timestamptz
     ORDER BY g.bucket LIMIT 1)
) minutes;

-- name: timeline_counts
-- Sums per bucket and metric over a window; buckets are counted from the window's beginning.
SELECT (extract(epoch FROM c.bucket - $4::timestamptz)::bigint / $6::int)::int AS number, c.metric, sum(c.value) AS total
FROM counters c
WHERE c.session_id = $1::uuid AND c.grain = 60 AND c.key = $2::text
  AND c.bucket >= $4::timestamptz AND c.bucket < $5::timestamptz
  AND c.metric = ANY($3::text[]) AND ($7::text IS NULL OR c.platform = $7::text)
GROUP BY 1, 2;

-- name: timeline_samples
-- Samples by minute and room over a window, in order.
SELECT g.bucket, g.platform, g.room, g.metric, g.latest, g.latest_at, g.highest
FROM gauges g
WHERE g.session_id = $1::uuid AND g.grain = 60 AND g.key = $2::text
  AND g.bucket >= $4::timestamptz AND g.bucket < $5::timestamptz
  AND g.metric = ANY($3::text[]) AND ($6::text IS NULL OR g.platform = $6::text)
ORDER BY g.bucket, g.latest_at, g.platform, g.room;

-- name: arrivals
-- Arrivals of the whole session by traffic source and fan level.
SELECT c.key, sum(c.value) AS total
FROM counters c
WHERE c.session_id = $1::uuid AND c.grain = 0 AND c.metric = 'arrivals'
GROUP BY c.key;

-- name: arrivals_between
-- The same over a half-open window of full seconds: its full minutes by the minute, and what is left at both ends by the second. The
-- keys come from the whole session's few rows, so that each part of a key is one range scan of the primary key.
SELECT w.key, sum(c.value) AS total
FROM (
    SELECT DISTINCT k.key, date_bin('1 minute', $2::timestamptz + interval '59 seconds', 'epoch'::timestamptz) AS first_minute,
           date_bin('1 minute', $3::timestamptz, 'epoch'::timestamptz) AS last_minute
    FROM counters k
    WHERE k.session_id = $1::uuid AND k.grain = 0 AND k.metric = 'arrivals'
) w
CROSS JOIN LATERAL (
    SELECT m.value
    FROM counters m
    WHERE m.session_id = $1::uuid AND m.grain = 60 AND m.key = w.key AND m.metric = 'arrivals'
      AND m.bucket >= w.first_minute AND m.bucket < w.last_minute
    UNION ALL
    SELECT split_part(part, ':', 2)::numeric
    FROM counters e
    CROSS JOIN LATERAL string_to_table(e.seconds, ',') AS part
    WHERE e.session_id = $1::uuid AND e.grain = 60 AND e.key = w.key AND e.metric = 'arrivals'
      AND e.bucket IN (w.first_minute - interval '1 minute', w.last_minute)
      AND e.bucket + split_part(part, ':', 1)::int * interval '1 second' >= $2::timestamptz
      AND e.bucket + split_part(part, ':', 1)::int * interval '1 second' < $3::timestamptz
    UNION ALL
    SELECT s.value
    FROM counters s
    WHERE s.session_id = $1::uuid AND s.grain = 1 AND s.key = w.key AND s.metric = 'arrivals'
      AND s.bucket >= $2::timestamptz AND s.bucket < least(w.first_minute, $3::timestamptz)
    UNION ALL
    SELECT s.value
    FROM counters s
    WHERE s.session_id = $1::uuid AND s.grain = 1 AND s.key = w.key AND s.metric = 'arrivals'
      AND s.bucket >= greatest(w.first_minute, w.last_minute) AND s.bucket < $3::timestamptz
) c
GROUP BY w.key;

-- name: restrict_to_brand
-- Runs the rest of the transaction as the role that row-level security restricts to one brand. Not on Citus, whose workers do not
-- know the role; and not if the role is missing or the user is not its member.
SELECT set_config('tallylight.brand', $1::text, true), set_config('role', r.rolname, true)
FROM pg_roles r
WHERE r.rolname = 'tallylight_reader' AND pg_has_role(current_user, r.oid, 'MEMBER')
  AND NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus');
