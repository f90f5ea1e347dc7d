-- name: shipping
-- Paid orders that left, and those of them that took longer than a limit: one stretch of the orders' primary key.
SELECT count(*) AS shipped,
       count(*) FILTER (WHERE o.shipped_at - o.paid_at > $2::interval) AS late
FROM orders o
WHERE o.session_id = $1::uuid AND o.paid_at IS NOT NULL AND o.shipped_at IS NOT NULL;

-- name: comment_texts
-- Kept comments in the order of their keys, which are digests: the first so many are a random sample of the session, the
-- same one every time. A partial index of just these rows gives them without a look at the rest of the log.
SELECT e.data ->> 'viewer' AS person, e.data ->> 'text' AS text
FROM events e
WHERE e.session_id = $1::uuid AND e.type = 'live.comment.posted' AND (e.data ->> 'text') IS NOT NULL
  AND NOT EXISTS (SELECT FROM voided_events d WHERE d.session_id = e.session_id AND d.event_key = e.event_key)
ORDER BY e.event_key
LIMIT $2::int;

-- name: aliases
-- The aliases of a brand's products.
SELECT p.code, a.alias
FROM product_aliases a
JOIN products p ON p.id = a.product_id
WHERE a.brand_id = $1::uuid AND p.code = ANY($2::text[])
ORDER BY p.code, a.alias;

-- name: products_shown
-- How many products each session had on air.
SELECT g.session_id, count(DISTINCT g.key)::int AS products
FROM gauges g
WHERE g.session_id = ANY($1::uuid[]) AND g.grain = 0 AND g.metric = 'on_air' AND g.highest = 1
GROUP BY g.session_id;
