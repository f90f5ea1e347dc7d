-- name: packing_orders
-- A session's orders by customer, with what of them was refunded. $2 is the session's brand. The customer is the short pseudonym of
-- catalogue/customer_pseudonym.py; an order without a buyer is a customer of its own. A refund's lines are in the log only: the events
-- that count are the owners of the refunds' claims, and the newest running totals.
--
-- Full joins, although every refund and every packed order has an order: they are hashed or merged whatever the planner believes about a session that was just
-- written, while it would compare every order with every refund in a nested loop. A packed order whose events were voided is a row
-- without a customer. LIMIT makes it look events up by their keys.
WITH singles AS (
    SELECT e.platform, e.order_id,
           json_agg(json_build_object('amount', e.amount, 'total', e.total, 'lines', e.lines) ORDER BY m.event_key) AS stated
    FROM members m
    CROSS JOIN LATERAL (
        SELECT e.platform, e.data ->> 'order' AS order_id, e.data ->> 'amount' AS amount, e.data ->> 'refunded_total' AS total,
               e.data -> 'lines' AS lines
        FROM events e
        WHERE e.session_id = m.session_id AND e.event_key = m.event_key
        LIMIT 1
    ) e
    WHERE m.session_id = $1::uuid AND m.set = 'refund'
    GROUP BY e.platform, e.order_id
), totals AS (
    SELECT r.platform, r.order_id, json_agg(json_build_object('key', r.key, 'lines', e.lines) ORDER BY r.key) AS stated,
           bool_or(r.key = '' AND r.total > coalesce(r.single, 0)) AS count
    FROM refunds r
    CROSS JOIN LATERAL (
        SELECT e.data -> 'lines' AS lines
        FROM events e
        WHERE e.session_id = r.session_id AND e.event_key = r.total_key
        LIMIT 1
    ) e
    WHERE r.session_id = $1::uuid AND r.total_rank <> ''
    GROUP BY r.platform, r.order_id
), of_session AS (
    SELECT substr(encode(sha256(uuid_send($2::uuid)
                                || convert_to(coalesce(o.buyer, o.platform || ':' || o.order_id), 'UTF8')), 'hex'), 1, 12)
               COLLATE "C" AS customer,
           o.platform, o.order_id, o.buyer IS NOT NULL AS known, o.lines::text AS lines, o.amount, o.refunded_amount,
           o.paid_at IS NOT NULL AS paid, o.cancelled_at IS NOT NULL AS cancelled,
           o.shipped_at IS NOT NULL OR o.delivered_at IS NOT NULL AS shipped,
           o.buyer IS NOT NULL AND o.paid_at IS NOT NULL AND o.cancelled_at IS NULL AND o.shipped_at IS NULL
               AND o.delivered_at IS NULL AND o.refunded_amount = 0 AS whole
    FROM orders o
    WHERE o.session_id = $1::uuid
)
SELECT o.customer, platform, order_id, o.whole, o.known, coalesce(o.lines, '[]') AS lines, o.amount, o.refunded_amount, o.paid, o.cancelled, o.shipped,
       singles.stated::text AS singles, totals.stated::text AS totals, coalesce(totals.count, false) AS total_counts,
       c.number AS carton, c.items::text AS packed
FROM of_session o
FULL JOIN singles USING (platform, order_id)
FULL JOIN totals USING (platform, order_id)
FULL JOIN (
    SELECT p.platform, p.order_id, p.number, p.items FROM carton_orders p WHERE p.session_id = $1::uuid
) c USING (platform, order_id)
ORDER BY o.customer, platform, order_id;
