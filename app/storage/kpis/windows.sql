-- name: sales
-- Orders between moments, each at its earliest payment, with what of them was refunded since; -1: without a known payment.
-- OFFSET 0 hides from the planner that the number depends on the moment: it expects few groups and need not sort the orders.
SELECT p.number, count(p.paid_at) AS orders, coalesce(sum(p.amount) FILTER (WHERE p.paid_at IS NOT NULL), 0)::text AS gmv,
       sum(p.refunded_amount)::text AS refunds
FROM (
    SELECT CASE WHEN o.paid_at IS NULL THEN -1
                WHEN cardinality($2::timestamptz[]) = 0 THEN 0
                ELSE width_bucket(o.paid_at, $2::timestamptz[]) END AS number,
           o.paid_at, o.amount, o.refunded_amount
    FROM orders o
    WHERE o.session_id = $1::uuid
    OFFSET 0
) p
GROUP BY p.number;

-- name: counts
-- Sums of the session's minutes between moments, each minute in the range in which it begins: one stretch of the primary key, as
-- long as the session has minutes, however many events it has.
SELECT c.metric, CASE WHEN cardinality($2::timestamptz[]) = 0 THEN 0 ELSE width_bucket(c.bucket, $2::timestamptz[]) END AS number,
       sum(c.value)::text AS total
FROM counters c
WHERE c.session_id = $1::uuid AND c.grain = 60 AND c.key = '' AND c.metric = ANY($3::text[])
GROUP BY 1, 2;

-- name: marks
-- Marks with one of the labels in order, and how many there are.
SELECT m.at, m.kind, m.name, m.text, m.until, m.platform, count(*) OVER () AS total
FROM marks m
WHERE m.session_id = $1::uuid AND m.kind = 'mark' AND m.name = ANY($2::text[])
ORDER BY m.at, m.event_key
LIMIT $3::int;
