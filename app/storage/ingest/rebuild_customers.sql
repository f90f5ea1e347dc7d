-- name: contested_customers
-- The buyers whom the tables and the rebuild disagree about: new in this session or not, or with another purchase. `staged`: the
-- rebuild counts them as new.
SELECT member, bool_or(staged) AS staged
FROM (
    (SELECT member, at, event_key, false AS staged FROM public.customers WHERE brand_id = $2 AND session_id = $1
     EXCEPT
     SELECT member, at, event_key, false FROM pg_temp.customers WHERE session_id = $1)
    UNION ALL
    (SELECT member, at, event_key, true FROM pg_temp.customers WHERE session_id = $1
     EXCEPT
     SELECT member, at, event_key, true FROM public.customers WHERE brand_id = $2 AND session_id = $1)
) AS either
GROUP BY member
ORDER BY member;

-- name: own_purchases
-- The earliest purchases of buyers in the rebuilt session.
SELECT m.member, m.at, m.event_key FROM pg_temp.members m
WHERE m.session_id = $1 AND m.set = 'buyer' AND m.member = ANY($2::bytea[]);

-- name: show_customers
-- Shows the real table again.
DROP TABLE pg_temp.customers;

-- name: show_counters
-- As above.
DROP TABLE pg_temp.counters;

-- name: lose_customers
-- Removes customers who are new in no session of the brand any more.
DELETE FROM public.customers c WHERE c.brand_id = $1 AND c.member = ANY($2::bytea[]);

-- name: platforms
-- The platforms of events.
SELECT e.session_id, e.event_key, e.platform, e.occurred_at
FROM unnest($1::uuid[], $2::bytea[]) AS wanted (session_id, event_key)
JOIN public.events e USING (session_id, event_key);
