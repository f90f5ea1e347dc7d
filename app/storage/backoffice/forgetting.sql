-- name: lock_brand
-- Serializes changes of a brand's catalogue, deletions of its sessions, and the forgetting of its customers.
SELECT pg_advisory_xact_lock(hashtextextended('brand ' || $1::text, 0));

-- name: sessions
-- The sessions in which a buyer has orders.
SELECT DISTINCT o.session_id
FROM orders o
JOIN sessions s ON s.id = o.session_id
WHERE s.brand_id = $1::uuid AND o.buyer = $2
ORDER BY o.session_id;

-- name: naming_sessions
-- The sessions in whose log an order names a buyer: of two sources that name different buyers, the order has one.
SELECT DISTINCT e.session_id
FROM sessions s
JOIN events e ON e.session_id = s.id
WHERE s.brand_id = $1::uuid AND e.type IN ('live.order.placed', 'live.order.paid') AND e.data ->> 'buyer' = $2
ORDER BY e.session_id;

-- name: events
-- The events of a session that name a buyer, found by an index of just these.
SELECT e.event_key, e.platform, e.room, e.data ->> 'order' AS order_id, e.type = 'live.order.paid' AS paid, e.occurred_at,
       (e.data -> 'lines')::text AS lines
FROM events e
WHERE e.session_id = $1 AND e.type IN ('live.order.placed', 'live.order.paid') AND e.data ->> 'buyer' = $2
ORDER BY e.occurred_at, e.event_key;

-- name: paid_orders
-- The paid orders of a buyer in a session, with the month of their payment in the session's time zone.
SELECT o.platform, o.order_id, to_char(o.paid_at AT TIME ZONE s.time_zone, 'YYYY-MM') AS month, o.paid_at
FROM orders o
JOIN sessions s ON s.id = o.session_id
WHERE o.session_id = $1 AND o.buyer = $2 AND o.paid_at IS NOT NULL
ORDER BY o.paid_at, o.platform, o.order_id;

-- name: owners
-- The events that own members of a session.
SELECT m.set, m.member, m.event_key
FROM members m
WHERE m.session_id = $1 AND m.set IN ('buyer', 'product_buyer') AND m.member = ANY($2::bytea[]);

-- name: first_purchase
-- The session and the event of a customer's first purchase from the brand; locked against concurrent claims.
SELECT c.session_id, c.event_key FROM customers c WHERE c.brand_id = $1::uuid AND c.member = $2 FOR UPDATE;

-- name: rename_events
-- Replaces a pseudonym in events, wherever their data repeats it.
UPDATE events e
SET data = replace(e.data::text, $2, renamed.buyer)::json
FROM unnest($3::bytea[], $4::text[]) AS renamed (event_key, buyer)
WHERE e.session_id = $1 AND e.event_key = renamed.event_key;

-- name: rename_orders
-- Gives orders of a buyer their own pseudonyms.
UPDATE orders o
SET buyer = renamed.buyer, buyer_arrival = NULL, buyer_counted = NULL
FROM unnest($3::text[], $4::text[], $5::text[]) AS renamed (platform, order_id, buyer)
WHERE o.session_id = $1 AND o.platform = renamed.platform AND o.order_id = renamed.order_id AND o.buyer = $2;

-- name: rename_members
-- Gives members of a session other digests; their owners stay.
UPDATE members m
SET member = renamed.new
FROM unnest($2::text[], $3::bytea[], $4::bytea[]) AS renamed (set, old, new)
WHERE m.session_id = $1 AND m.set = renamed.set AND m.member = renamed.old;

-- name: rename_customer
-- Gives a brand's customer another digest.
UPDATE customers SET member = $3 WHERE brand_id = $1::uuid AND member = $2;

-- name: keep_orders
-- Keeps what is left of the buyer of each order.
INSERT INTO forgotten_orders (session_id, platform, order_id, buyer, elsewhere)
SELECT $1, kept.platform, kept.order_id, kept.buyer, string_to_array(kept.elsewhere, E'\x1f')
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS kept (platform, order_id, buyer, elsewhere);

-- name: change_version
-- Makes every process read the brand's facts again.
UPDATE brands SET catalogue_version = catalogue_version + 1 WHERE id = $1::uuid;
