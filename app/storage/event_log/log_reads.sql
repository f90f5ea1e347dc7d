-- name: orders_page
-- Orders after a cursor, in the order of the primary key. The state is the last that an order reached; a product is
-- found by its code and by the catalogue's aliases of it.
SELECT o.platform, o.order_id, o.buyer, o.amount, o.lines::text AS lines, o.refunded_amount, o.placed_at, o.paid_at,
       o.cancelled_at, CASE WHEN o.refunded_amount > 0 THEN o.refunded_at END AS refunded_at, o.shipped_at, o.carrier, o.tracking,
       o.delivered_at, o.state, parcels.listed AS parcels
FROM (
    SELECT o.*,
           CASE WHEN o.refunded_at IS NOT NULL AND o.refunded_amount > 0 THEN 'refunded' WHEN o.cancelled_at IS NOT NULL THEN 'cancelled'
                WHEN o.delivered_at IS NOT NULL THEN 'delivered' WHEN o.shipped_at IS NOT NULL THEN 'shipped'
                WHEN o.paid_at IS NOT NULL THEN 'paid' ELSE 'placed' END AS state
    FROM orders o
    WHERE o.session_id = $1::uuid
) o
LEFT JOIN LATERAL (
    SELECT json_agg(json_build_object('carrier', p.carrier, 'tracking', p.tracking, 'shipped_at', p.shipped_at,
                                      'accepted_at', p.accepted_at)
                    ORDER BY p.shipped_at, p.parcel)::text AS listed
    FROM parcels p
    WHERE p.session_id = o.session_id AND p.platform = o.platform AND p.order_id = o.order_id
) parcels ON true
WHERE (o.platform, o.order_id) > ($2::text, $3::text)
  AND ($4::text IS NULL OR o.state = $4::text)
  AND ($5::text IS NULL OR o.platform = $5::text)
  AND ($6::text IS NULL OR o.buyer = $6::text)
  AND ($7::text[] IS NULL OR EXISTS (
      SELECT 1 FROM json_array_elements(o.lines) AS line WHERE line ->> 'product' = ANY($7::text[])
  ))
ORDER BY o.platform, o.order_id
LIMIT $8::int;

-- name: aliases_of
-- All aliases of a product's code.
SELECT a.alias
FROM product_aliases a
JOIN products p ON p.id = a.product_id
WHERE a.brand_id = $1::uuid AND p.code = $2::text;

-- name: codes_of
-- The codes that aliases represent.
SELECT a.alias, p.code
FROM product_aliases a
JOIN products p ON p.id = a.product_id
WHERE a.brand_id = $1::uuid AND a.alias = ANY($2::text[]);

-- name: log_page
-- The raw log after a cursor, in the order of occurrence.
SELECT e.event_key, e.id, e.source, e.type, e.platform, e.room, e.occurred_at, e.received_at, e.sent_time, e.data::text AS data,
       e.attributes::text AS attributes, v.id AS void_id, v.voided_by, v.voided_at, v.reason
FROM events e
LEFT JOIN LATERAL (
    SELECT v.id, v.voided_by, v.voided_at, v.reason
    FROM voided_events d
    JOIN voids v ON v.session_id = d.session_id AND v.id = d.void_id
    WHERE d.session_id = e.session_id AND d.event_key = e.event_key
    ORDER BY v.voided_at, v.id
    LIMIT 1
) v ON TRUE
WHERE e.session_id = $1::uuid
  AND (e.occurred_at, e.event_key) > ($2::timestamptz, $3::bytea)
  AND ($4::text IS NULL OR e.type = $4::text)
  AND ($5::text IS NULL OR e.type <> $5::text)
ORDER BY e.occurred_at, e.event_key
LIMIT $6::int;
