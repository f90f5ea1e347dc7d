-- name: page
-- Customers of a brand with paid orders who were not forgotten, the latest buyers first. $2: bought in several sessions, or in one. $3: first digits of the
-- pseudonym (catalogue/customer_pseudonym.py). After ($4, $5).
WITH people AS (
    SELECT o.buyer, min(o.paid_at) AS first_at, max(o.paid_at) AS last_at, count(*) AS orders, count(DISTINCT o.session_id) AS sessions,
           substr(encode(sha256(uuid_send($1::uuid) || convert_to(o.buyer, 'UTF8')), 'hex'), 1, 12) COLLATE "C" AS customer
    FROM orders o
    JOIN sessions s ON s.id = o.session_id
    WHERE s.brand_id = $1::uuid AND o.buyer IS NOT NULL AND o.paid_at IS NOT NULL
      AND NOT EXISTS (
          SELECT FROM forgotten_orders f
          WHERE f.session_id = o.session_id AND f.platform = o.platform AND f.order_id = o.order_id
      )
    GROUP BY o.buyer
)
SELECT buyer, customer, first_at, last_at, orders, sessions
FROM people
WHERE ($2::boolean IS NULL OR (sessions > 1) = $2) AND ($3::text IS NULL OR starts_with(customer, $3))
  AND ($4::timestamptz IS NULL OR (last_at, customer) < ($4, $5::text))
ORDER BY last_at DESC, customer DESC
LIMIT $6;

-- name: amounts
-- What customers paid less what was refunded, and units sold without free gifts, by currency.
SELECT o.buyer, s.currency, sum(o.amount - o.refunded_amount) AS net, sum(l.units) AS units
FROM orders o
JOIN sessions s ON s.id = o.session_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum((line ->> 'quantity')::bigint), 0) AS units
    FROM json_array_elements(o.lines) AS line
    WHERE line ->> 'gift' IS NULL
) l
WHERE s.brand_id = $1::uuid AND o.buyer = ANY($2::text[]) AND o.paid_at IS NOT NULL
GROUP BY o.buyer, s.currency
ORDER BY o.buyer, s.currency;

-- name: buyers
-- The stored pseudonyms that a customer's pseudonym is of.
SELECT DISTINCT o.buyer
FROM orders o
JOIN sessions s ON s.id = o.session_id
WHERE s.brand_id = $1::uuid AND o.paid_at IS NOT NULL
  AND NOT EXISTS (
      SELECT FROM forgotten_orders f
      WHERE f.session_id = o.session_id AND f.platform = o.platform AND f.order_id = o.order_id
  )
  AND substr(encode(sha256(uuid_send($1::uuid) || convert_to(o.buyer, 'UTF8')), 'hex'), 1, 12) = $2::text;

-- name: orders
-- Orders of a customer, the latest first, after ($3, $4, $5); an order that is not paid yet is dated by its placement.
SELECT *
FROM (
    SELECT o.session_id, s.title, s.currency, s.time_zone, o.platform, o.order_id, o.amount, o.refunded_amount, o.lines::text AS lines,
           o.placed_at, o.paid_at, o.cancelled_at, o.refunded_at, o.shipped_at, o.delivered_at,
           coalesce(o.paid_at, o.placed_at, o.told_at) AS at, (o.platform || ':' || o.order_id) COLLATE "C" AS place
    FROM orders o
    JOIN sessions s ON s.id = o.session_id
    WHERE s.brand_id = $1::uuid AND o.buyer = ANY($2::text[])
) found
WHERE $3::timestamptz IS NULL OR (at, session_id, place) < ($3, $4::uuid, $5::text)
ORDER BY at DESC, session_id DESC, place DESC
LIMIT $6;

-- name: cohorts
-- Buyers by the month of their first purchase and the months in which they bought; a month is that of the session's time zone. Of a
-- forgotten customer only the first purchase is known as such.
WITH bought AS (
    SELECT DISTINCT o.buyer, (extract(year FROM at.moment) * 12 + extract(month FROM at.moment) - 1)::int AS month
    FROM orders o
    JOIN sessions s ON s.id = o.session_id
    CROSS JOIN LATERAL (SELECT o.paid_at AT TIME ZONE s.time_zone AS moment) at
    LEFT JOIN forgotten_orders f ON f.session_id = o.session_id AND f.platform = o.platform AND f.order_id = o.order_id
    WHERE s.brand_id = $1::uuid AND o.buyer IS NOT NULL AND o.paid_at IS NOT NULL AND 'customer' <> ALL(coalesce(f.elsewhere, '{}'))
), firsts AS (
    SELECT buyer, min(month) AS cohort FROM bought GROUP BY buyer
)
SELECT f.cohort, b.month, count(*) AS buyers
FROM bought b
JOIN firsts f ON f.buyer = b.buyer
GROUP BY f.cohort, b.month
ORDER BY f.cohort, b.month;
