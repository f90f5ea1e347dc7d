-- name: cartons
-- A session's cartons in order.
SELECT c.number, c.gross_weight_g, c.size
FROM cartons c
WHERE c.session_id = $1::uuid
ORDER BY c.number;

-- name: carton_contents
-- The orders in a session's cartons, by carton and customer; $2 is the session's brand. The customer is that of packing.sql.
SELECT c.number,
       substr(encode(sha256(uuid_send($2::uuid)
                            || convert_to(coalesce(o.buyer, c.platform || ':' || c.order_id), 'UTF8')), 'hex'), 1, 12)
           COLLATE "C" AS customer,
       c.platform, c.order_id, c.items::text AS items
FROM carton_orders c
LEFT JOIN LATERAL (
    SELECT o.buyer FROM orders o
    WHERE o.session_id = c.session_id AND o.platform = c.platform AND o.order_id = c.order_id
    LIMIT 1
) o ON true
WHERE c.session_id = $1::uuid
ORDER BY c.number, customer, c.platform, c.order_id;

-- name: lock_session
-- Two requests that pack one session follow each other; events do not wait.
SELECT s.id FROM sessions s WHERE s.id = $1::uuid FOR NO KEY UPDATE;

-- name: clear_cartons
-- Removes a session's cartons.
DELETE FROM cartons WHERE session_id = $1::uuid;

-- name: clear_contents
-- Removes what they contain.
DELETE FROM carton_orders WHERE session_id = $1::uuid;

-- name: add_cartons
-- Adds cartons.
INSERT INTO cartons (session_id, number, gross_weight_g, size, packed_at)
SELECT $1::uuid, new.number, new.gross_weight_g, new.size, $5::timestamptz
FROM unnest($2::int[], $3::bigint[], $4::text[]) AS new (number, gross_weight_g, size);

-- name: add_contents
-- Adds orders with the pieces that are in the cartons.
INSERT INTO carton_orders (session_id, platform, order_id, number, items)
SELECT $1::uuid, new.platform, new.order_id, new.number, new.items::json
FROM unnest($2::text[], $3::text[], $4::int[], $5::text[]) AS new (platform, order_id, number, items);
