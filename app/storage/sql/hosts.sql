-- name: changes
-- Changes of host in order.
SELECT m.at, m.name
FROM marks m
WHERE m.session_id = $1::uuid AND m.kind = 'host'
ORDER BY m.at, m.event_key;

-- name: sales
-- Paid orders between moments: each order stands at its earliest payment, as it does in the sums.
SELECT CASE WHEN cardinality($2::timestamptz[]) = 0 THEN 0 ELSE width_bucket(o.paid_at, $2::timestamptz[]) END AS number,
       count(*) AS orders, sum(o.amount)::text AS gmv
FROM orders o
WHERE o.session_id = $1::uuid AND o.paid_at IS NOT NULL
GROUP BY 1;
