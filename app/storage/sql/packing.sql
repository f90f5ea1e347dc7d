-- name: packing_orders
-- A session's orders by customer, with what of them was refunded. $2 is the session's brand. The customer is the short pseudonym of
-- catalogue/customer_pseudonym.py; an order without a buyer is a customer of its own. A refund's lines are in the log only: the events
-- that count are the owners of the refunds' claims, and the newest running totals.
WITH singles AS (
    SELECT e.platform, e.data ->> 'order' AS order_id,
           json_agg(json_build_object('amount', e.data ->> 'amount', 'total', e.data ->> 'refunded_total', 'lines', e.data -> 'lines')
                    ORDER BY e.event_key) AS stated
    FROM members m
    JOIN events e ON e.session_id = m.session_id AND e.event_key = m.event_key
    WHERE m.session_id = $1::uuid AND m.set = 'refund'
    GROUP BY e.platform, e.data ->> 'order'
), totals AS (
    SELECT r.platform, r.order_id, json_agg(json_build_object('key', r.key, 'lines', e.data -> 'lines') ORDER BY r.key) AS stated
    FROM refunds r
    JOIN events e ON e.session_id = r.session_id AND e.event_key = r.total_key
    WHERE r.session_id = $1::uuid AND r.total_rank <> ''
    GROUP BY r.platform, r.order_id
)
SELECT substr(encode(sha256(uuid_send($2::uuid)
                            || convert_to(coalesce(o.buyer, o.platform || ':' || o.order_id), 'UTF8')), 'hex'), 1, 12) COLLATE "C" AS customer,
       o.platform, o.order_id, o.buyer IS NOT NULL AS known, o.lines::text AS lines, o.amount, o.refunded_amount,
       o.paid_at IS NOT NULL AS paid, o.cancelled_at IS NOT NULL AS cancelled,
       o.shipped_at IS NOT NULL OR o.delivered_at IS NOT NULL AS shipped,
       singles.stated::text AS singles, totals.stated::text AS totals, coalesce(r.total > coalesce(r.single, 0), false) AS total_counts
FROM orders o
LEFT JOIN singles ON singles.platform = o.platform AND singles.order_id = o.order_id
LEFT JOIN totals ON totals.platform = o.platform AND totals.order_id = o.order_id
LEFT JOIN refunds r ON r.session_id = o.session_id AND r.platform = o.platform AND r.order_id = o.order_id AND r.key = ''
WHERE o.session_id = $1::uuid
ORDER BY customer, o.platform, o.order_id;
