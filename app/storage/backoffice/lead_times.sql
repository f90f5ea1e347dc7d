-- name: lead_times
-- How long a session's orders took from payment to shipping, and from shipping to delivery, in microseconds: of the session (product
-- null), then of the first $3 products, by code; two rows each. $2 is the session's brand. An order counts once for each product that it
-- names. `low` and `high` are the two values around the median and around the 90th percentile, as in support.sql. An order waits unless
-- it is cancelled, wholly refunded or delivered; what was shipped before it was paid took no time.
WITH of_session AS MATERIALIZED (
    SELECT row_number() OVER () AS place, o.lines, o.paid_at, o.shipped_at, o.delivered_at,
           o.delivered_at IS NULL AND o.cancelled_at IS NULL
               AND (o.amount IS NULL OR o.refunded_amount = 0 OR o.refunded_amount < o.amount) AS waits
    FROM orders o
    WHERE o.session_id = $1::uuid AND (o.paid_at IS NOT NULL OR o.shipped_at IS NOT NULL)
), codes AS MATERIALIZED (
    SELECT a.alias, p.code FROM product_aliases a JOIN products p ON p.id = a.product_id WHERE a.brand_id = $2::uuid
), named AS (
    SELECT NULL::text COLLATE "C" AS product, o.paid_at, o.shipped_at, o.delivered_at, o.waits
    FROM of_session o
    UNION ALL
    SELECT l.product, o.paid_at, o.shipped_at, o.delivered_at, o.waits
    FROM (
        -- All lines meet the aliases in one join: looked up for each order, a brand's aliases would be read as often as it has orders.
        SELECT DISTINCT o.place, coalesce(c.code, line ->> 'product') COLLATE "C" AS product
        FROM of_session o
        CROSS JOIN LATERAL json_array_elements(o.lines) AS line
        LEFT JOIN codes c ON c.alias = line ->> 'product'
    ) l
    JOIN of_session o ON o.place = l.place
), timed AS (
    SELECT n.*, extract(epoch FROM n.shipped_at - n.paid_at) AS shipping, extract(epoch FROM n.delivered_at - n.shipped_at) AS delivery
    FROM named n
), steps AS (
    SELECT t.product, s.step, CASE WHEN s.seconds > 0 THEN (s.seconds * 1000000)::bigint WHEN s.seconds <= 0 THEN 0 END AS us, s.since
    FROM timed t
    CROSS JOIN LATERAL (
        VALUES (1, t.shipping, CASE WHEN t.waits AND t.shipped_at IS NULL THEN t.paid_at END),
               (2, t.delivery, CASE WHEN t.waits THEN t.shipped_at END)
    ) AS s (step, seconds, since)
), ranked AS (
    SELECT s.*, row_number() OVER (PARTITION BY s.product, s.step ORDER BY s.us) - 1 AS place,
           count(s.us) OVER (PARTITION BY s.product, s.step) - 1 AS last
    FROM steps s
)
SELECT product, count(us) AS orders, coalesce(sum(us), 0)::bigint AS total,
       max(us) FILTER (WHERE place = last / 2) AS median_low, max(us) FILTER (WHERE place = (last + 1) / 2) AS median_high,
       max(us) FILTER (WHERE place = last * 9 / 10) AS p90_low, max(us) FILTER (WHERE place = (last * 9 + 9) / 10) AS p90_high,
       count(since) AS waiting, min(since) AS waiting_since
FROM ranked
GROUP BY product, step
ORDER BY product NULLS FIRST, step
LIMIT 2 * ($3::int + 1);
