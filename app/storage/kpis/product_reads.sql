-- name: product_rows
-- The whole session's figures per product, counted and reported.
SELECT false AS reported, c.key AS product, c.platform, c.metric, c.value::text
FROM counters c
WHERE c.session_id = $1::uuid AND c.grain = 0 AND c.key > ''
  AND c.metric IN ('product_impressions', 'product_viewers', 'product_clicks', 'orders', 'buyers', 'units_sold', 'gmv', 'refund_amount')
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

-- name: state_changes
-- Changes of what is on air, of stock and of the rooms, to the microsecond. Samples that repeat a state are left out, except
-- the last of a run of equal stocks: from then on paid units are subtracted.
SELECT s.metric, s.key, s.platform, s.bucket, s.latest
FROM (
    SELECT g.metric, g.key, g.platform, g.bucket, g.latest,
           lag(g.latest) OVER (PARTITION BY g.key, g.platform, g.metric ORDER BY g.bucket) AS before,
           lead(g.latest) OVER (PARTITION BY g.key, g.platform, g.metric ORDER BY g.bucket) AS after
    FROM gauges g
    WHERE g.session_id = $1::uuid AND g.grain = 1 AND g.metric IN ('on_air', 'stock', 'broadcast')
      AND ($2::text IS NULL OR g.key = $2::text OR g.metric = 'broadcast')
) s
WHERE s.before IS NULL OR s.latest <> s.before OR (s.metric = 'on_air' AND s.latest = 1)
    OR (s.metric = 'stock' AND (s.after IS NULL OR s.latest <> s.after))
ORDER BY s.bucket, s.metric, s.key, s.platform;

-- name: window_sums
-- Sums of products by the second inside half-open windows. LATERAL makes each window one range scan of the primary key: a hash
-- join by product would compare every window of a product with every second of it.
SELECT w.number, c.metric, c.total
FROM unnest($2::int[], $3::text[], $4::timestamptz[], $5::timestamptz[]) AS w (number, product, begins, ends)
CROSS JOIN LATERAL (
    SELECT c.metric, sum(c.value) AS total
    FROM counters c
    WHERE c.session_id = $1::uuid AND c.grain = 1 AND c.key = w.product AND c.bucket >= w.begins AND c.bucket < w.ends
      AND c.metric IN ('product_clicks', 'orders', 'units_sold', 'gmv')
    GROUP BY c.metric
) c;

-- name: paid_units
-- Units that were paid inside half-open windows, each of which may name several platforms: their sum, and the second in which
-- the sum reached an amount (null if it did not).
SELECT s.number, max(s.paid) AS units, min(s.bucket) FILTER (WHERE s.paid >= s.amount) AS reached_at
FROM (
    SELECT w.number, w.amount, c.bucket,
           sum(c.value) OVER (PARTITION BY w.number ORDER BY c.bucket, c.platform) AS paid
    FROM unnest($2::int[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[], $7::timestamptz[])
        AS w (number, product, platform, amount, begins, ends)
    CROSS JOIN LATERAL (
        SELECT u.bucket, u.platform, u.value
        FROM counters u
        WHERE u.session_id = $1::uuid AND u.grain = 1 AND u.key = w.product AND u.bucket >= w.begins AND u.bucket < w.ends
          AND u.platform = w.platform AND u.metric = 'units_sold'
    ) c
) s
GROUP BY s.number;

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
