-- name: brands
-- The brands that a caller may see ($1), all or one of them ($2).
SELECT b.id, b.slug, b.name
FROM brands b
WHERE ($1::uuid IS NULL OR b.id = $1::uuid) AND ($2::text IS NULL OR b.slug = $2::text)
ORDER BY b.slug;

-- name: sessions
-- A brand's sessions after one of them, or from it on ($3), whose start, else the scheduled start, lies in a half-open window.
SELECT s.id, s.currency
FROM sessions s
WHERE s.brand_id = $1::uuid AND (s.id > $2::uuid OR ($3::boolean AND s.id = $2::uuid))
  AND ($4::timestamptz IS NULL OR coalesce(s.started_at, s.scheduled_at) >= $4::timestamptz)
  AND ($5::timestamptz IS NULL OR coalesce(s.started_at, s.scheduled_at) < $5::timestamptz)
ORDER BY s.id
LIMIT $6::int;

-- name: orders
-- A session's orders after a cursor, in the order of the primary key, that were paid, else placed, in a half-open window. The state is
-- that of log_reads.sql and the customer that of packing.sql.
SELECT o.platform, o.order_id,
       substr(encode(sha256(uuid_send($6::uuid)
                            || convert_to(coalesce(o.buyer, o.platform || ':' || o.order_id), 'UTF8')), 'hex'), 1, 12) AS customer,
       o.buyer, o.amount, o.lines::text AS lines, o.refunded_amount, o.placed_at, o.paid_at, o.cancelled_at,
       CASE WHEN o.refunded_amount > 0 THEN o.refunded_at END AS refunded_at, o.shipped_at, o.carrier, o.tracking, o.delivered_at,
       CASE WHEN o.refunded_at IS NOT NULL AND o.refunded_amount > 0 THEN 'refunded' WHEN o.cancelled_at IS NOT NULL THEN 'cancelled'
            WHEN o.delivered_at IS NOT NULL THEN 'delivered' WHEN o.shipped_at IS NOT NULL THEN 'shipped'
            WHEN o.paid_at IS NOT NULL THEN 'paid' ELSE 'placed' END AS state
FROM orders o
WHERE o.session_id = $1::uuid AND (o.platform, o.order_id) > ($2::text, $3::text)
  AND ($4::timestamptz IS NULL OR coalesce(o.paid_at, o.placed_at) >= $4::timestamptz)
  AND ($5::timestamptz IS NULL OR coalesce(o.paid_at, o.placed_at) < $5::timestamptz)
ORDER BY o.platform, o.order_id
LIMIT $7::int;

-- name: events
-- A session's events after a cursor, in the order of occurrence, without one type, in a half-open window.
SELECT e.event_key, e.id, e.source, e.type, e.platform, e.room, e.occurred_at, e.received_at, e.sent_time, e.data::text AS data,
       e.attributes::text AS attributes,
       (SELECT min(v.voided_at)
        FROM voided_events d
        JOIN voids v ON v.session_id = d.session_id AND v.id = d.void_id
        WHERE d.session_id = e.session_id AND d.event_key = e.event_key) AS voided_at
FROM events e
WHERE e.session_id = $1::uuid AND (e.occurred_at, e.event_key) > ($2::timestamptz, $3::bytea)
  AND ($4::timestamptz IS NULL OR e.occurred_at >= $4::timestamptz)
  AND ($5::timestamptz IS NULL OR e.occurred_at < $5::timestamptz)
  AND ($6::text IS NULL OR e.type <> $6::text)
ORDER BY e.occurred_at, e.event_key
LIMIT $7::int;
