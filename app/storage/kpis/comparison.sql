-- name: heads
-- The given sessions that the caller may see, with the platforms of their streams.
SELECT s.id, s.brand_id, b.slug, b.name, s.title, s.host, s.kind, s.currency, s.time_zone,
       s.scheduled_at, s.started_at, s.ended_at,
       ARRAY(SELECT DISTINCT st.platform FROM streams st WHERE st.session_id = s.id ORDER BY 1) AS platforms, s.revision
FROM sessions s
JOIN brands b ON b.id = s.brand_id
WHERE s.id = ANY($1::uuid[]) AND ($2::uuid IS NULL OR s.brand_id = $2::uuid);

-- name: brand
-- A brand by its slug, if the caller may see it.
SELECT b.id, b.slug, b.name FROM brands b WHERE b.slug = $1::text AND ($2::uuid IS NULL OR b.id = $2::uuid);

-- name: started_at
-- When a session of a brand and a kind began.
SELECT s.started_at FROM sessions s WHERE s.id = $1::uuid AND s.brand_id = $2::uuid AND s.kind = $3::text;

-- name: history
-- A brand's sessions that began, the latest first, up to one of them.
SELECT s.id
FROM sessions s
WHERE s.brand_id = $1::uuid AND s.kind = $2::text AND s.started_at IS NOT NULL
  AND ($3::timestamptz IS NULL OR (s.started_at, s.id) <= ($3::timestamptz, $4::uuid))
ORDER BY s.started_at DESC, s.id DESC
LIMIT $5::int;

-- name: counted
-- What the sessions counted as a whole, and their products' GMV together under a name of its own.
SELECT c.session_id, c.platform, c.metric, c.value::text
FROM counters c
WHERE c.session_id = ANY($1::uuid[]) AND c.grain = 0 AND c.key = ''
UNION ALL
SELECT c.session_id, '', 'products_gmv', sum(c.value)::text
FROM counters c
WHERE c.session_id = ANY($1::uuid[]) AND c.grain = 0 AND c.key > '' AND c.metric = 'gmv'
GROUP BY c.session_id;

-- name: sampled
-- What was sampled of the sessions as a whole, and what their rooms reported last.
SELECT g.session_id, g.platform, g.room, g.key, g.metric, g.latest, g.latest_at, g.highest
FROM gauges g
WHERE g.session_id = ANY($1::uuid[]) AND g.grain = 0 AND (g.key = '' OR g.metric = 'broadcast');

-- name: parts
-- Figures that platforms report product by product or campaign by campaign, and what was counted of the same; as in reads.sql.
SELECT g.session_id, g.platform,
       CASE g.metric WHEN 'ad_spend' THEN (
           SELECT concat_ws(':', 'ad_spend', max(k.latest))
           FROM gauges s
           LEFT JOIN gauges k
               ON k.session_id = s.session_id AND k.grain = 0 AND k.key = s.key AND k.bucket = s.bucket
               AND k.platform = s.platform AND k.room = s.room AND k.metric = 'ad_currency' AND k.latest_key = s.latest_key
           WHERE s.session_id = g.session_id AND s.grain = 0 AND s.key = g.key AND s.bucket = g.bucket
             AND s.platform = g.platform AND s.metric = 'ad_spend'
       ) ELSE g.metric END AS metric,
       sum(g.latest)::text AS reported, coalesce(sum(c.value), 0)::text AS counted
FROM platform_gauges g
LEFT JOIN counters c
    ON c.session_id = g.session_id AND c.grain = 0 AND c.key = g.key AND c.bucket = g.bucket AND c.platform = g.platform
    AND c.metric = CASE g.metric WHEN 'impressions' THEN 'product_impressions' ELSE g.metric END
WHERE g.session_id = ANY($1::uuid[]) AND g.grain = 0 AND g.key > '' AND g.metric IN ('product_clicks', 'impressions', 'ad_spend')
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
      WHERE s.session_id = g.session_id AND s.grain = 0 AND s.key = g.key AND s.bucket = g.bucket
        AND s.platform = g.platform AND s.metric = 'ad_spend'
  ))
GROUP BY 1, 2, 3;

-- name: last_minutes
-- The last minute in which anything was counted of each session; asked for those on air only.
SELECT c.session_id, max(c.bucket) AS minute
FROM counters c
WHERE c.session_id = ANY($1::uuid[]) AND c.grain = 60 AND c.key = ''
GROUP BY c.session_id;

-- name: concurrency
-- Concurrent viewers by minute and room, in order; asked for sessions that several rooms sampled.
SELECT g.session_id, g.bucket, g.platform, g.room, g.latest, g.latest_at, g.highest
FROM gauges g
WHERE g.session_id = ANY($1::uuid[]) AND g.grain = 60 AND g.key = '' AND g.metric = 'concurrent_viewers'
ORDER BY g.session_id, g.bucket, g.latest_at, g.platform, g.room;

-- name: after_live
-- What was paid in the day and in the seven days after the last end of each session, with what of it was refunded since.
SELECT o.session_id, o.platform,
       count(*) FILTER (WHERE o.paid_at < s.ended_at + interval '24 hours')::text,
       coalesce(sum(o.amount) FILTER (WHERE o.paid_at < s.ended_at + interval '24 hours'), 0)::text,
       coalesce(sum(o.refunded_amount) FILTER (WHERE o.paid_at < s.ended_at + interval '24 hours'), 0)::text,
       count(*)::text, coalesce(sum(o.amount), 0)::text, coalesce(sum(o.refunded_amount), 0)::text
FROM sessions s
JOIN orders o ON o.session_id = s.id AND o.paid_at >= s.ended_at AND o.paid_at < s.ended_at + interval '7 days'
WHERE s.id = ANY($1::uuid[])
GROUP BY o.session_id, o.platform;
