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

-- name: changes_of
-- Changes of host of several sessions in order.
SELECT m.session_id, m.at, m.name
FROM marks m
WHERE m.session_id = ANY($1::uuid[]) AND m.kind = 'host'
ORDER BY m.session_id, m.at, m.event_key;

-- name: sales_of
-- Paid orders of several sessions between the moments of each.
SELECT e.session_id, width_bucket(o.paid_at, e.edges) AS number, count(*) AS orders, sum(o.amount)::text AS gmv
FROM (
    SELECT m.session_id, array_agg(m.edge ORDER BY m.edge) AS edges
    FROM unnest($1::uuid[], $2::timestamptz[]) AS m (session_id, edge)
    GROUP BY m.session_id
) e
JOIN orders o ON o.session_id = e.session_id AND o.paid_at IS NOT NULL
GROUP BY 1, 2;
