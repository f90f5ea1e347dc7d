-- name: lock_brand_of
-- Serializes changes of a brand's catalogue and deletions of its sessions until the commit.
SELECT pg_advisory_xact_lock(hashtextextended('brand ' || s.brand_id::text, 0)) FROM public.sessions s WHERE s.id = $1;

-- name: lock_other_sessions
-- Locks the other sessions of a brand against deletion and rebuild.
SELECT id FROM public.sessions WHERE brand_id = $1 AND id <> $2 ORDER BY id FOR KEY SHARE;

-- name: lock_customers
-- The buyers, of $3 or all, who bought from the brand for the first time in this session; locked against concurrent claims.
SELECT member FROM public.customers
WHERE brand_id = $1 AND session_id = $2 AND ($3::bytea[] IS NULL OR member = ANY($3))
ORDER BY member
FOR UPDATE;

-- name: next_purchases
-- Per buyer the earliest purchase in other sessions of the brand.
SELECT DISTINCT ON (m.member) m.member, m.session_id, m.at, m.event_key, e.platform
FROM public.members m
JOIN public.events e ON e.session_id = m.session_id AND e.event_key = m.event_key
WHERE m.session_id = ANY($1::uuid[]) AND m.set = 'buyer' AND m.member = ANY($2::bytea[])
ORDER BY m.member, m.at, m.event_key, m.session_id;

-- name: reassign_customers
-- Gives customers to the session of their next purchase.
UPDATE public.customers c
SET session_id = next.session_id, at = next.at, event_key = next.event_key, superseded = NULL, superseded_session = NULL
FROM unnest($2::bytea[], $3::uuid[], $4::timestamptz[], $5::bytea[]) AS next (member, session_id, at, event_key)
WHERE c.brand_id = $1 AND c.member = next.member;

-- name: forget_customers
-- Removes the customers who bought in this session alone.
DELETE FROM public.customers WHERE brand_id = $1 AND session_id = $2;
