-- name: orders_by_number
-- Orders of a session by their numbers, with a room of the order's platform: an event of the room is an event of the platform.
SELECT o.order_id, o.platform, s.room
FROM orders o
LEFT JOIN LATERAL (
    SELECT s.room FROM streams s WHERE s.session_id = o.session_id AND s.platform = o.platform ORDER BY s.created_at, s.room LIMIT 1
) s ON true
WHERE o.session_id = $1::uuid AND o.order_id = ANY($2::text[]) AND (o.placed_at IS NOT NULL OR o.paid_at IS NOT NULL)
ORDER BY o.order_id, o.platform;

-- name: session_platforms
-- Platforms of a session's streams: events that name the session belong to the only one.
SELECT DISTINCT s.platform FROM streams s WHERE s.session_id = $1::uuid ORDER BY s.platform;
