-- name: product_rows
-- The whole session's figures per product, counted and reported.
SELECT false AS reported, c.key AS product, c.platform, c.metric, c.value::text
FROM counters c
WHERE c.session_id = $1::uuid AND c.grain = 0 AND c.key > ''
  AND c.metric IN ('product_impressions', 'product_viewers', 'product_clicks', 'clickers', 'orders', 'buyers', 'units_sold', 'gmv', 'refund_amount')
UNION ALL
SELECT true, g.key, g.platform, g.metric, g.latest::text
FROM platform_gauges g
WHERE g.session_id = $1::uuid AND g.grain = 0 AND g.key > ''
  AND g.metric IN ('impressions', 'product_viewers', 'product_clicks', 'clickers', 'orders', 'buyers', 'units_sold', 'gmv', 'stock', 'on_air');

-- name: lineup
-- The session's line-up in its order.
SELECT l.product, l.name, l.live_price, l.stock, l.list_price, l.preorder, l.promised_days
FROM lineup l
WHERE l.session_id = $1::uuid
ORDER BY l.position, l.product;

-- name: product_names
-- The catalogue's names and customs data of products.
SELECT p.code, p.names, p.customs
FROM products p
WHERE p.brand_id = $1::uuid AND p.code = ANY($2::text[]);

-- name: states
-- Samples of what is on air, of stock and of the rooms, to the microsecond. Those of one state are one string of bytes, in any order:
-- moments, in microseconds since 2000, and values in turns, 8 bytes each. Arrays take the driver ten times as long.
SELECT g.metric, g.key, g.platform, string_agg(timestamptz_send(g.bucket) || int8send(g.latest), ''::bytea) AS samples
FROM gauges g
WHERE g.session_id = $1::uuid AND g.grain = 1 AND g.metric = ANY($3::text[])
  AND ($2::text IS NULL OR g.key = $2::text OR g.metric = 'broadcast')
GROUP BY g.metric, g.key, g.platform;

-- name: units_sold
-- Units of each product that were paid on any platform.
SELECT c.key, sum(c.value)::text AS units
FROM counters c
WHERE c.session_id = $1::uuid AND c.grain = 0 AND c.key > '' AND c.metric = 'units_sold'
GROUP BY c.key;

-- name: units_by_minute
-- Units of products that were paid, by the minute and the platform, in any order, as above. No stock has more pieces than the greatest
-- number of 8 bytes.
SELECT c.key, string_agg(timestamptz_send(c.bucket) || int8send(least(c.value, 9223372036854775807)::bigint), ''::bytea) AS units
FROM counters c
WHERE c.session_id = $1::uuid AND c.grain = 60 AND c.key = ANY($2::text[]) AND c.metric = 'units_sold'
GROUP BY c.key;

-- name: window_sums
-- Sums of products inside half-open windows of full seconds: their full minutes by the minute, and what is left at both ends by the
-- second. LATERAL makes each part one range scan of the primary key: a hash join by product would compare every window of a product
-- with every second of it.
SELECT w.number, c.product_clicks, c.orders, c.units_sold, c.gmv
FROM (
    SELECT a.number, a.product, a.begins, a.ends,
           date_bin('1 minute', a.begins + interval '59 seconds', 'epoch'::timestamptz) AS first_minute,
           date_bin('1 minute', a.ends, 'epoch'::timestamptz) AS last_minute
    FROM unnest($2::int[], $3::text[], $4::timestamptz[], $5::timestamptz[]) AS a (number, product, begins, ends)
) w
CROSS JOIN LATERAL (
    SELECT sum(p.value) FILTER (WHERE p.metric = 'product_clicks') AS product_clicks,
           sum(p.value) FILTER (WHERE p.metric = 'orders') AS orders,
           sum(p.value) FILTER (WHERE p.metric = 'units_sold') AS units_sold, sum(p.value) FILTER (WHERE p.metric = 'gmv') AS gmv
    FROM (
        SELECT m.metric, m.value
        FROM counters m
        WHERE m.session_id = $1::uuid AND m.grain = 60 AND m.key = w.product
          AND m.bucket >= w.first_minute AND m.bucket < w.last_minute
          AND m.metric IN ('product_clicks', 'orders', 'units_sold', 'gmv')
        UNION ALL
        SELECT e.metric, split_part(part, ':', 2)::numeric
        FROM counters e
        CROSS JOIN LATERAL string_to_table(e.seconds, ',') AS part
        WHERE e.session_id = $1::uuid AND e.grain = 60 AND e.key = w.product
          AND e.bucket IN (w.first_minute - interval '1 minute', w.last_minute)
          AND e.metric IN ('product_clicks', 'orders', 'units_sold', 'gmv')
          AND e.bucket + split_part(part, ':', 1)::int * interval '1 second' >= w.begins
          AND e.bucket + split_part(part, ':', 1)::int * interval '1 second' < w.ends
        UNION ALL
        SELECT s.metric, s.value
        FROM counters s
        WHERE s.session_id = $1::uuid AND s.grain = 1 AND s.key = w.product
          AND s.bucket >= w.begins AND s.bucket < least(w.first_minute, w.ends)
          AND s.metric IN ('product_clicks', 'orders', 'units_sold', 'gmv')
        UNION ALL
        SELECT s.metric, s.value
        FROM counters s
        WHERE s.session_id = $1::uuid AND s.grain = 1 AND s.key = w.product
          AND s.bucket >= greatest(w.first_minute, w.last_minute) AND s.bucket < w.ends
          AND s.metric IN ('product_clicks', 'orders', 'units_sold', 'gmv')
    ) p
) c;

-- name: paid_units
-- Units that were paid on some platforms inside half-open windows of full seconds: their sum, and the second in which the sum reached an
-- amount (null if it did not). Read as above; the minute in which it was reached is then read by the second. A window whose sum is not
-- asked for ($8) is passed over if even the minutes that it touches do not reach the amount: most stocks are reported again before.
WITH asked AS MATERIALIZED (
    SELECT a.number, a.product, string_to_array(a.platforms, E'\x1f') AS platforms, a.amount, a.begins, a.ends, a.summed,
           date_bin('1 minute', a.begins + interval '59 seconds', 'epoch'::timestamptz) AS first_minute,
           date_bin('1 minute', a.ends, 'epoch'::timestamptz) AS last_minute
    FROM unnest($2::int[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[], $7::timestamptz[], $8::boolean[])
        AS a (number, product, platforms, amount, begins, ends, summed)
), running AS (
    SELECT w.number, w.product, w.platforms, w.amount, w.first_minute, w.last_minute, c.bucket,
           sum(c.value) OVER (PARTITION BY w.number ORDER BY c.bucket) AS paid
    FROM asked w
    CROSS JOIN LATERAL (
        SELECT m.bucket, m.value
        FROM counters m
        WHERE m.session_id = $1::uuid AND m.grain = 60 AND m.key = w.product AND m.bucket >= w.first_minute
          AND m.bucket < w.last_minute AND m.platform = ANY(w.platforms) AND m.metric = 'units_sold'
        UNION ALL
        SELECT found.bucket, found.value
        FROM (
            SELECT e.bucket + split_part(part, ':', 1)::int * interval '1 second' AS bucket, split_part(part, ':', 2)::numeric AS value
            FROM counters e
            CROSS JOIN LATERAL string_to_table(e.seconds, ',') AS part
            WHERE e.session_id = $1::uuid AND e.grain = 60 AND e.key = w.product
              AND e.bucket IN (w.first_minute - interval '1 minute', w.last_minute)
              AND e.platform = ANY(w.platforms) AND e.metric = 'units_sold'
        ) found
        WHERE found.bucket >= w.begins AND found.bucket < w.ends
        UNION ALL
        SELECT s.bucket, s.value
        FROM counters s
        WHERE s.session_id = $1::uuid AND s.grain = 1 AND s.key = w.product AND s.bucket >= w.begins
          AND s.bucket < least(w.first_minute, w.ends) AND s.platform = ANY(w.platforms) AND s.metric = 'units_sold'
        UNION ALL
        SELECT s.bucket, s.value
        FROM counters s
        WHERE s.session_id = $1::uuid AND s.grain = 1 AND s.key = w.product AND s.bucket >= greatest(w.first_minute, w.last_minute)
          AND s.bucket < w.ends AND s.platform = ANY(w.platforms) AND s.metric = 'units_sold'
    ) c
    WHERE w.summed OR (
        SELECT sum(m.value)
        FROM counters m
        WHERE m.session_id = $1::uuid AND m.grain = 60 AND m.key = w.product AND m.platform = ANY(w.platforms) AND m.metric = 'units_sold'
          AND m.bucket >= date_bin('1 minute', w.begins, 'epoch'::timestamptz) AND m.bucket < w.ends
    ) >= w.amount
), reached AS (
    SELECT r.number, r.product, r.platforms, r.amount, max(r.paid) AS units, min(r.bucket) FILTER (WHERE r.paid >= r.amount) AS at,
           coalesce(max(r.paid) FILTER (WHERE r.paid < r.amount), 0) AS before, r.first_minute, r.last_minute
    FROM running r
    GROUP BY r.number, r.product, r.platforms, r.amount, r.first_minute, r.last_minute
)
SELECT r.number, r.units, CASE WHEN r.at >= r.first_minute AND r.at < r.last_minute THEN (
           SELECT min(inside.bucket)
           FROM (
               SELECT by_second.bucket, sum(by_second.value) OVER (ORDER BY by_second.bucket) AS paid
               FROM (
                   SELECT e.bucket + split_part(part, ':', 1)::int * interval '1 second' AS bucket,
                          split_part(part, ':', 2)::numeric AS value
                   FROM counters e
                   CROSS JOIN LATERAL string_to_table(e.seconds, ',') AS part
                   WHERE e.session_id = $1::uuid AND e.grain = 60 AND e.key = r.product AND e.bucket = r.at
                     AND e.platform = ANY(r.platforms) AND e.metric = 'units_sold'
                   UNION ALL
                   SELECT s.bucket, s.value
                   FROM counters s
                   WHERE s.session_id = $1::uuid AND s.grain = 1 AND s.key = r.product AND s.bucket >= r.at
                     AND s.bucket < r.at + interval '1 minute' AND s.platform = ANY(r.platforms) AND s.metric = 'units_sold'
               ) by_second
           ) inside
           WHERE r.before + inside.paid >= r.amount
       ) ELSE r.at END AS reached_at
FROM reached r;

-- name: promotions
-- The session's promotions with their latest figures, found under the promotion's id or its url.
SELECT p.id, p.url, p.kind, p.platform, p.title, p.published_at,
       (array_agg(g.latest ORDER BY g.latest_at DESC, g.latest_key DESC) FILTER (WHERE g.metric = 'promotion_views'))[1] AS views,
       (array_agg(g.latest ORDER BY g.latest_at DESC, g.latest_key DESC) FILTER (WHERE g.metric = 'promotion_engagements'))[1] AS engagements,
       (array_agg(g.latest ORDER BY g.latest_at DESC, g.latest_key DESC) FILTER (WHERE g.metric = 'promotion_clicks'))[1] AS clicks
FROM promotions p
LEFT JOIN gauges g
    ON g.session_id = $1::uuid AND g.grain = 0 AND g.key IN (p.id::text, p.url)
    AND g.metric IN ('promotion_views', 'promotion_engagements', 'promotion_clicks')
WHERE p.session_id = $1::uuid
GROUP BY p.id, p.url, p.kind, p.platform, p.title, p.published_at, p.created_at
ORDER BY p.created_at, p.id;

-- name: unlisted_promotions
-- Figures of promotions that were measured and are not in the session's list.
SELECT g.key,
       (array_agg(g.latest ORDER BY g.latest_at DESC, g.latest_key DESC) FILTER (WHERE g.metric = 'promotion_views'))[1] AS views,
       (array_agg(g.latest ORDER BY g.latest_at DESC, g.latest_key DESC) FILTER (WHERE g.metric = 'promotion_engagements'))[1] AS engagements,
       (array_agg(g.latest ORDER BY g.latest_at DESC, g.latest_key DESC) FILTER (WHERE g.metric = 'promotion_clicks'))[1] AS clicks
FROM gauges g
WHERE g.session_id = $1::uuid AND g.grain = 0
  AND g.metric IN ('promotion_views', 'promotion_engagements', 'promotion_clicks')
  AND NOT (g.key = ANY($2::text[]))
GROUP BY g.key
ORDER BY g.key;

-- name: notes
-- The operators' notes in their order.
SELECT n.section, n.kind, n.text, n.share
FROM notes n
WHERE n.session_id = $1::uuid
ORDER BY n.place, n.id;
