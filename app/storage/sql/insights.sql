-- name: shipping
-- Paid orders that left, and those of them that took longer than a limit: one stretch of the orders' primary key.
SELECT count(*) AS shipped,
       count(*) FILTER (WHERE o.shipped_at - o.paid_at > $2::interval) AS late
FROM orders o
WHERE o.session_id = $1::uuid AND o.paid_at IS NOT NULL AND o.shipped_at IS NOT NULL;
