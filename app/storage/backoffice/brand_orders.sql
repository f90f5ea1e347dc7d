-- name: sessions
-- The sessions of a brand from one of them on.
SELECT s.id FROM sessions s WHERE s.brand_id = $1::uuid AND s.id >= $2::uuid ORDER BY s.id;

-- name: brand_orders
-- Orders of some sessions of a brand after a cursor, by session and in the order of the primary key. The sessions are named: to find
-- them by their brand, the planner passed the orders of all brands in this order. The state is that of log_reads.sql and the customer
-- that of packing.sql. `without_evidence`: only shipped orders of which a parcel, or all of it, lacks a tracking number or its
-- acceptance.
SELECT o.session_id, s.title, s.currency, s.time_zone,
       substr(encode(sha256(uuid_send(s.brand_id)
                            || convert_to(coalesce(o.buyer, o.platform || ':' || o.order_id), 'UTF8')), 'hex'), 1, 12) AS customer,
       o.platform, o.order_id, o.buyer, o.amount, o.lines::text AS lines, o.refunded_amount, o.placed_at, o.paid_at,
       o.cancelled_at, CASE WHEN o.refunded_amount > 0 THEN o.refunded_at END AS refunded_at, o.shipped_at, o.carrier, o.tracking,
       o.delivered_at, o.state, parcels.listed AS parcels, coalesce(parcels.complete, false) AS has_evidence
FROM sessions s
JOIN (
    SELECT o.*,
           CASE WHEN o.refunded_at IS NOT NULL AND o.refunded_amount > 0 THEN 'refunded' WHEN o.cancelled_at IS NOT NULL THEN 'cancelled'
                WHEN o.delivered_at IS NOT NULL THEN 'delivered' WHEN o.shipped_at IS NOT NULL THEN 'shipped'
                WHEN o.paid_at IS NOT NULL THEN 'paid' ELSE 'placed' END AS state
    FROM orders o
) o ON o.session_id = s.id
LEFT JOIN LATERAL (
    SELECT json_agg(json_build_object('carrier', p.carrier, 'tracking', p.tracking, 'shipped_at', p.shipped_at,
                                      'accepted_at', p.accepted_at)
                    ORDER BY p.shipped_at, p.parcel)::text AS listed,
           bool_and(p.tracking IS NOT NULL AND p.accepted_at IS NOT NULL) AS complete
    FROM parcels p
    WHERE p.session_id = o.session_id AND p.platform = o.platform AND p.order_id = o.order_id
) parcels ON true
WHERE o.session_id = ANY(:sessions::uuid[])
  AND (o.session_id, o.platform, o.order_id) > (:after_session::uuid, :after_platform::text, :after_order::text)
  AND (:state::text IS NULL OR o.state = :state::text)
  AND (:begin::timestamptz IS NULL OR coalesce(o.paid_at, o.placed_at) >= :begin::timestamptz)
  AND (:end::timestamptz IS NULL OR coalesce(o.paid_at, o.placed_at) < :end::timestamptz)
  AND (:order::text IS NULL OR o.order_id = :order::text)
  AND (:customer::text IS NULL
       OR substr(encode(sha256(uuid_send(s.brand_id)
                               || convert_to(coalesce(o.buyer, o.platform || ':' || o.order_id), 'UTF8')), 'hex'), 1, 12) = :customer::text)
  AND (:products::text[] IS NULL OR EXISTS (
      SELECT 1 FROM json_array_elements(o.lines) AS line WHERE line ->> 'product' = ANY(:products::text[])
  ))
  AND (:waiting_since::timestamptz IS NULL
       OR (o.paid_at < :waiting_since::timestamptz AND o.shipped_at IS NULL AND o.delivered_at IS NULL AND o.cancelled_at IS NULL
           AND (o.amount IS NULL OR o.refunded_amount = 0 OR o.refunded_amount < o.amount)))
  AND (NOT :without_evidence::boolean OR (o.shipped_at IS NOT NULL AND NOT coalesce(parcels.complete, false)))
ORDER BY o.session_id, o.platform, o.order_id
LIMIT :limit::int;
