-- name: sales
-- Buyers, paid orders, their amount and refunds by the traffic source of the buyer's first entry. A row that is not `entered`
-- holds buyers who never entered, and orders that name no buyer. Each buyer is one probe of two primary keys: LATERAL with a limit
-- keeps the planner from reading the log.
SELECT entry.entered IS NOT NULL AS entered, entry.source, entry.paid, sum(p.buyers) AS buyers, sum(p.orders) AS orders,
       sum(p.gmv)::text AS gmv, sum(p.refunds)::text AS refunds
FROM (
    SELECT one.member, sum(one.buyers) AS buyers, sum(one.orders) AS orders, sum(one.gmv) AS gmv, sum(one.refunds) AS refunds
    FROM (
        SELECT b.member, 1 AS buyers, 0 AS orders, 0::numeric AS gmv, 0::numeric AS refunds
        FROM members b
        WHERE b.session_id = $1::uuid AND b.set = 'buyer'
        UNION ALL
        SELECT CASE WHEN o.buyer ~ '^([0-9a-f]{2})+$' THEN decode(o.buyer, 'hex') END, 0, CASE WHEN o.paid_at IS NULL THEN 0 ELSE 1 END,
               CASE WHEN o.paid_at IS NULL THEN 0 ELSE o.amount END, o.refunded_amount
        FROM orders o
        WHERE o.session_id = $1::uuid AND (o.paid_at IS NOT NULL OR o.refunded_amount <> 0)
    ) one
    GROUP BY one.member
) p
LEFT JOIN LATERAL (
    SELECT true AS entered, e.data ->> 'source' AS source, (e.data ->> 'paid')::boolean AS paid
    FROM members v
    JOIN events e ON e.session_id = v.session_id AND e.event_key = v.event_key
    WHERE v.session_id = $1::uuid AND v.set = 'viewer' AND v.member = p.member
    LIMIT 1
) entry ON true
GROUP BY 1, 2, 3;

-- name: people
-- The members of a set by the traffic source of their first entry.
SELECT entry.entered IS NOT NULL AS entered, entry.source, entry.paid, count(*) AS people
FROM members m
LEFT JOIN LATERAL (
    SELECT true AS entered, e.data ->> 'source' AS source, (e.data ->> 'paid')::boolean AS paid
    FROM members v
    JOIN events e ON e.session_id = v.session_id AND e.event_key = v.event_key
    WHERE v.session_id = $1::uuid AND v.set = 'viewer' AND v.member = m.member
    LIMIT 1
) entry ON true
WHERE m.session_id = $1::uuid AND m.set = $2::text
GROUP BY 1, 2, 3;

-- name: reported
-- The platforms' own figures of traffic sources.
SELECT g.platform, g.key, g.metric, g.latest::text
FROM platform_gauges g
WHERE g.session_id = $1::uuid AND g.grain = 0 AND g.key > ''
  AND g.metric IN ('source_viewers', 'source_buyers', 'source_orders', 'source_gmv');
