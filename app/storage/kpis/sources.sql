-- name: sales
-- Paid orders, their buyers and amount, and refunds, by the arrival of the buyer's first entry; null: buyers who never entered, and
-- orders that name no buyer. An order keeps the arrival that its buyer had when it was folded, and whether they were counted by it.
-- Only the orders of the others are put together by buyer, and each of these buyers is looked up: a probe of two primary keys. It is
-- no join: a plan that PostgreSQL keeps from when the tables were empty would read all events of the session for each buyer.
-- OFFSET 0 hides the columns that the groups are made of from the planner: it expects few groups and need not sort the orders.
WITH replaced AS MATERIALIZED (
    SELECT DISTINCT encode(m.member, 'hex') AS buyer
    FROM members m
    WHERE m.session_id = $1::uuid AND m.set IN ('buyer', 'viewer') AND m.superseded IS NOT NULL
)
SELECT placed.arrival, sum(placed.buyers)::bigint AS buyers, sum(placed.orders)::bigint AS orders, sum(placed.gmv)::text AS gmv,
       sum(placed.refunds)::text AS refunds
FROM (
    SELECT CASE WHEN p.known IS NOT NULL THEN p.known ELSE (
               SELECT concat(e.data ->> 'source', '|', '|' || (e.data ->> 'paid')::boolean::int)
               FROM events e
               WHERE e.session_id = $1::uuid AND e.event_key = (
                   SELECT v.event_key FROM members v
                   WHERE v.session_id = $1::uuid AND v.set = 'viewer'
                     AND v.member = CASE WHEN p.buyer ~ '^[0-9a-f]{32}$' THEN decode(p.buyer, 'hex') END)
           ) END AS arrival,
           CASE WHEN p.known IS NOT NULL THEN p.counted WHEN p.buyer IS NOT NULL AND p.orders > 0 THEN 1 ELSE 0 END AS buyers,
           p.orders, p.gmv, p.refunds
    FROM (
        SELECT s.known, s.buyer, count(*) FILTER (WHERE s.buyer_counted) AS counted, count(s.paid_at) AS orders,
               coalesce(sum(s.amount) FILTER (WHERE s.paid_at IS NOT NULL), 0) AS gmv, sum(s.refunded_amount) AS refunds
        FROM (
            SELECT CASE WHEN r.buyer IS NULL THEN o.buyer_arrival END AS known,
                   CASE WHEN r.buyer IS NOT NULL OR o.buyer_arrival IS NULL THEN o.buyer END AS buyer,
                   o.buyer_counted, o.paid_at, o.amount, o.refunded_amount
            FROM orders o
            LEFT JOIN replaced r ON r.buyer = o.buyer
            WHERE o.session_id = $1::uuid AND (o.paid_at IS NOT NULL OR o.refunded_amount <> 0)
            OFFSET 0
        ) s
        GROUP BY s.known, s.buyer
    ) p
) placed
GROUP BY placed.arrival;

-- name: paid_orders
-- Paid orders and their amount by the arrival of the buyer's first entry, as above, for a reader who needs neither buyers nor refunds. All
-- orders are put together by the arrival that they keep; the few of buyers whose first entry was replaced since are then subtracted, and
-- added where the entry is found. They come from the index of buyers: a join would look at the buyer of every order.
WITH replaced AS MATERIALIZED (
    SELECT DISTINCT encode(m.member, 'hex') AS buyer
    FROM members m
    WHERE m.session_id = $1::uuid AND m.set IN ('buyer', 'viewer') AND m.superseded IS NOT NULL
), moved AS MATERIALIZED (
    SELECT o.buyer_arrival, o.buyer, count(*) AS orders, sum(o.amount) AS gmv
    FROM replaced r
    JOIN orders o ON o.buyer = r.buyer AND o.session_id = $1::uuid
    WHERE o.paid_at IS NOT NULL AND o.buyer_arrival IS NOT NULL
    GROUP BY o.buyer_arrival, o.buyer
), kept AS MATERIALIZED (
    SELECT o.buyer_arrival, CASE WHEN o.buyer_arrival IS NULL THEN o.buyer END AS buyer, count(*) AS orders, sum(o.amount) AS gmv
    FROM orders o
    WHERE o.session_id = $1::uuid AND o.paid_at IS NOT NULL
    GROUP BY 1, 2
)
SELECT placed.arrival, sum(placed.orders)::bigint AS orders, sum(placed.gmv)::text AS gmv
FROM (
    SELECT k.buyer_arrival AS arrival, k.orders, k.gmv FROM kept k WHERE k.buyer_arrival IS NOT NULL
    UNION ALL
    SELECT m.buyer_arrival, -m.orders, -m.gmv FROM moved m
    UNION ALL
    SELECT (
               SELECT concat(e.data ->> 'source', '|', '|' || (e.data ->> 'paid')::boolean::int)
               FROM events e
               WHERE e.session_id = $1::uuid AND e.event_key = (
                   SELECT v.event_key FROM members v
                   WHERE v.session_id = $1::uuid AND v.set = 'viewer'
                     AND v.member = CASE WHEN p.buyer ~ '^[0-9a-f]{32}$' THEN decode(p.buyer, 'hex') END)
           ), p.orders, p.gmv
    FROM (
        SELECT k.buyer, k.orders, k.gmv FROM kept k WHERE k.buyer_arrival IS NULL
        UNION ALL
        SELECT m.buyer, m.orders, m.gmv FROM moved m
    ) p
) placed
GROUP BY placed.arrival;

-- name: buyers
-- The buyers of a session, and of how many paid orders a forgotten buyer is counted with another order of the same person.
SELECT (SELECT coalesce(sum(c.value), 0)::bigint
        FROM counters c
        WHERE c.session_id = $1::uuid AND c.grain = 0 AND c.key = '' AND c.metric = 'buyers') AS buyers,
       (SELECT count(*)
        FROM forgotten_orders f
        JOIN orders o ON o.session_id = f.session_id AND o.platform = f.platform AND o.order_id = f.order_id
        WHERE f.session_id = $1::uuid AND 'buyer' = ANY(f.elsewhere) AND o.buyer = f.buyer AND o.paid_at IS NOT NULL) AS elsewhere;

-- name: people
-- The members of a set by the traffic source of their first entry.
SELECT entry.entered IS NOT NULL AS entered, entry.source, entry.paid, count(*) AS people
FROM members m
LEFT JOIN LATERAL (
    SELECT true AS entered, e.data ->> 'source' AS source, (e.data ->> 'paid')::boolean AS paid
    FROM events e
    WHERE e.session_id = $1::uuid AND e.event_key = (
        SELECT v.event_key FROM members v WHERE v.session_id = $1::uuid AND v.set = 'viewer' AND v.member = m.member)
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
