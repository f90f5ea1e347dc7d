-- name: customers
-- Buyers of a brand in months ($2, yyyy-mm in the session's time zone of each payment), and those who bought from it for the first
-- time. A forgotten customer is counted by the orders that no other order of theirs counts for.
SELECT to_char(make_date(month / 12, month % 12 + 1, 1), 'YYYY-MM') AS month, count(*) AS buyers, count(*) FILTER (WHERE new) AS new
FROM (
    SELECT b.month,
           CASE WHEN b.elsewhere IS NULL THEN b.month = min(b.month) OVER (PARTITION BY b.buyer)
                ELSE 'customer' <> ALL(b.elsewhere) END AS new
    FROM (
        -- Months counted from the year 0, as in customers.sql.
        SELECT o.buyer, (date_part('year', at.moment) * 12 + date_part('month', at.moment) - 1)::int AS month, f.elsewhere
        FROM orders o
        JOIN sessions s ON s.id = o.session_id
        CROSS JOIN LATERAL (SELECT o.paid_at AT TIME ZONE s.time_zone AS moment) at
        LEFT JOIN forgotten_orders f ON f.session_id = o.session_id AND f.buyer = o.buyer
        WHERE s.brand_id = $1::uuid AND o.buyer IS NOT NULL AND o.paid_at IS NOT NULL AND 'month' <> ALL(coalesce(f.elsewhere, '{}'))
        GROUP BY 1, 2, 3
    ) b
) bought
WHERE month IN (SELECT left(wanted, 4)::int * 12 + right(wanted, 2)::int - 1 FROM unnest($2::text[]) AS wanted)
GROUP BY bought.month;

-- name: products
-- What sessions sold of each product, by currency, the most pieces first; money in minor units.
SELECT c.key AS product, p.names::text AS names, s.currency,
       coalesce(sum(c.value) FILTER (WHERE c.metric = 'orders'), 0) AS orders,
       coalesce(sum(c.value) FILTER (WHERE c.metric = 'units_sold'), 0) AS units,
       coalesce(sum(c.value) FILTER (WHERE c.metric = 'gmv'), 0) AS gmv
FROM counters c
JOIN sessions s ON s.id = c.session_id
LEFT JOIN products p ON p.brand_id = s.brand_id AND p.code = c.key
WHERE c.session_id = ANY($1::uuid[]) AND c.grain = 0 AND c.key > '' AND c.metric IN ('orders', 'units_sold', 'gmv')
GROUP BY c.key, p.names::text, s.currency
ORDER BY units DESC, c.key, s.currency
LIMIT $2;

-- name: brands
-- Brands with a session that ended within two days around a month, or began in it: a month has 15 time zones on either side.
SELECT DISTINCT b.id, b.slug, b.name
FROM sessions s
JOIN brands b ON b.id = s.brand_id
WHERE coalesce(s.ended_at, s.started_at) >= $1::timestamptz AND coalesce(s.ended_at, s.started_at) < $2::timestamptz
ORDER BY b.slug;
