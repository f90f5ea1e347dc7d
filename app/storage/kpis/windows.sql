-- name: sales
-- Orders between moments, each at its earliest payment, with what of them was refunded since; -1: without a known payment. Of minutes
-- in which no moment lies the sums are read; orders are read only of the others, and those of which money went back.
WITH divided AS MATERIALIZED (
    SELECT DISTINCT date_bin('1 minute', m.edge, 'epoch'::timestamptz) AS minute
    FROM unnest($2::timestamptz[]) AS m (edge)
    WHERE m.edge <> date_bin('1 minute', m.edge, 'epoch'::timestamptz)
)
SELECT p.number, sum(p.orders)::bigint AS orders, sum(p.gmv)::text AS gmv, sum(p.refunds)::text AS refunds
FROM (
    SELECT CASE WHEN cardinality($2::timestamptz[]) = 0 THEN 0 ELSE width_bucket(c.bucket, $2::timestamptz[]) END AS number,
           CASE c.metric WHEN 'orders' THEN c.value ELSE 0 END AS orders, CASE c.metric WHEN 'gmv' THEN c.value ELSE 0 END AS gmv, 0 AS refunds
    FROM counters c
    WHERE c.session_id = $1::uuid AND c.grain = 60 AND c.key = '' AND c.metric IN ('orders', 'gmv')
      AND c.bucket NOT IN (SELECT d.minute FROM divided d)
    UNION ALL
    SELECT CASE WHEN cardinality($2::timestamptz[]) = 0 THEN 0 ELSE width_bucket(o.paid_at, $2::timestamptz[]) END, count(*), sum(o.amount), 0
    FROM divided d
    JOIN orders o ON o.session_id = $1::uuid AND o.paid_at >= d.minute AND o.paid_at < d.minute + interval '1 minute'
    GROUP BY 1
    UNION ALL
    SELECT CASE WHEN o.paid_at IS NULL THEN -1 ELSE CASE WHEN cardinality($2::timestamptz[]) = 0 THEN 0 ELSE width_bucket(o.paid_at, $2::timestamptz[]) END END,
           0, 0, sum(o.refunded_amount)
    FROM orders o
    WHERE o.session_id = $1::uuid AND o.refunded_amount <> 0
    GROUP BY 1
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
