-- name: page
-- Customers of a brand with paid orders who were not forgotten, the latest buyers first. $2: bought in several sessions, or in one. $3:
-- first digits of the pseudonym (catalogue/customer_pseudonym.py). After ($4, $5). All orders of the brand are counted in the index
-- orders_buyer_session_id, of which a forgotten order is found by its own buyer. The pseudonym, which costs most, is computed of those
-- who can be on the page: `reached` is when the last of them bought, as far as the time tells.
WITH visits AS (
    SELECT o.buyer, o.session_id, min(o.paid_at) AS first_at, max(o.paid_at) AS last_at, count(*) AS orders
    FROM orders o
    JOIN sessions s ON s.id = o.session_id
    WHERE s.brand_id = $1::uuid AND o.buyer IS NOT NULL AND o.paid_at IS NOT NULL
      AND NOT EXISTS (SELECT FROM forgotten_orders f WHERE f.session_id = o.session_id AND f.buyer = o.buyer)
    GROUP BY o.buyer, o.session_id
), people AS MATERIALIZED (
    SELECT v.buyer, min(v.first_at) AS first_at, max(v.last_at) AS last_at, sum(v.orders)::bigint AS orders, count(*) AS sessions
    FROM visits v
    GROUP BY v.buyer
    HAVING ($2::boolean IS NULL OR (count(*) > 1) = $2) AND ($4::timestamptz IS NULL OR max(v.last_at) <= $4)
), reached AS (
    SELECT min(latest.last_at) AS at
    FROM (
        SELECT p.last_at FROM people p
        WHERE $3::text IS NULL AND ($4::timestamptz IS NULL OR p.last_at < $4)
        ORDER BY p.last_at DESC
        LIMIT $6
    ) latest
)
SELECT buyer, customer, first_at, last_at, orders, sessions
FROM (
    SELECT p.*, substr(encode(sha256(uuid_send($1::uuid) || convert_to(p.buyer, 'UTF8')), 'hex'), 1, 12) COLLATE "C" AS customer
    FROM people p
    CROSS JOIN reached r
    WHERE r.at IS NULL OR p.last_at >= r.at
) named
WHERE ($3::text IS NULL OR starts_with(customer, $3)) AND ($4::timestamptz IS NULL OR (last_at, customer) < ($4, $5::text))
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
WHERE s.brand_id = $1::uuid AND o.buyer IS NOT NULL AND o.paid_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM forgotten_orders f WHERE f.session_id = o.session_id AND f.buyer = o.buyer)
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
SELECT cohort, month, count(*) AS buyers
FROM (
    SELECT b.month, min(b.month) OVER (PARTITION BY b.buyer) AS cohort
    FROM (
        -- Numbers of floating point: extract() counts in numerics, three times as long.
        SELECT o.buyer, (date_part('year', at.moment) * 12 + date_part('month', at.moment) - 1)::int AS month
        FROM orders o
        JOIN sessions s ON s.id = o.session_id
        CROSS JOIN LATERAL (SELECT o.paid_at AT TIME ZONE s.time_zone AS moment) at
        LEFT JOIN forgotten_orders f ON f.session_id = o.session_id AND f.buyer = o.buyer
        WHERE s.brand_id = $1::uuid AND o.buyer IS NOT NULL AND o.paid_at IS NOT NULL AND 'customer' <> ALL(coalesce(f.elsewhere, '{}'))
        GROUP BY 1, 2
    ) b
) bought
GROUP BY cohort, month
ORDER BY cohort, month;
