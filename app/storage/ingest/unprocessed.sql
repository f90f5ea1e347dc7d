-- name: lock_rooms
-- Serializes the parking of a room's events with the registration of its stream.
SELECT pg_advisory_xact_lock_shared(hashtextextended(room, 0)) FROM unnest($1::text[]) AS room ORDER BY room;

-- name: rooms_parked_by
-- The number of rooms with parked events of each sender ($1), and those of the given rooms ($2) that are among them.
SELECT p.origin, count(DISTINCT (p.platform, p.room)) AS rooms,
       array_agg(p.platform || ':' || p.room) FILTER (WHERE p.platform || ':' || p.room = ANY($2::text[])) AS known
FROM parked_rooms p
WHERE p.origin = ANY($1::text[]) AND p.events > 0
GROUP BY p.origin;

-- name: park_events
-- Parks events of rooms without a registration.
INSERT INTO parked (platform, room, owner, event_key, origin, received_at, event, digest)
SELECT platform, room, owner, event_key, origin, $6::timestamptz, event::json, digest
FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::text[], $7::text[], $8::bytea[])
    AS new (platform, room, owner, event_key, origin, event, digest)
ON CONFLICT DO NOTHING
RETURNING platform, room, owner, event_key, origin, digest;

-- name: parked_digests
-- Digests of the content of parked events.
SELECT p.platform, p.room, p.owner, p.event_key, p.digest
FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[]) AS wanted (platform, room, owner, event_key)
JOIN parked p USING (platform, room, owner, event_key);

-- name: repeat_parked
-- Notes that an import ($5) brought parked events again.
UPDATE parked p SET imports = array_append(coalesce(p.imports, '{}'), $5::uuid)
FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[]) AS repeated (platform, room, owner, event_key)
WHERE p.platform = repeated.platform AND p.room = repeated.room AND p.owner = repeated.owner AND p.event_key = repeated.event_key
  AND $5::uuid <> ALL (coalesce(p.imports, '{}'));

-- name: count_parked
-- Adds to the numbers of parked events by room, owner and sender.
INSERT INTO parked_rooms AS p (platform, room, owner, origin, events, first_at, last_at)
SELECT platform, room, owner, origin, events, $6::timestamptz, $6::timestamptz
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[]) AS new (platform, room, owner, origin, events)
ON CONFLICT (platform, room, owner, origin) DO UPDATE
SET events = p.events + excluded.events, last_at = GREATEST(p.last_at, excluded.last_at);

-- name: store_dead_letters
-- Stores dead letters. If one with the same digest exists, its number of attempts increases.
INSERT INTO dead_letters AS d (id, digest, brand_id, origin, received_at, type, subject, errors, sealed)
SELECT id, digest, brand_id, origin, :received_at::timestamptz, type, subject, errors::jsonb, sealed
FROM unnest(:ids::uuid[], :digests::bytea[], :brands::uuid[], :origins::text[], :types::text[], :subjects::text[],
            :errors::text[], :bodies::bytea[])
    AS new (id, digest, brand_id, origin, type, subject, errors, sealed)
ON CONFLICT (digest) DO UPDATE
SET attempts = d.attempts + 1, errors = excluded.errors, received_at = excluded.received_at;

-- name: registrations
-- The registrations of a room.
SELECT st.brand_id, st.confirmed FROM streams st WHERE st.platform = $1 AND st.room = $2;

-- name: parked_events
-- A page of the parked events of a room, of these owners.
SELECT event_key, owner, event::text AS event, digest, coalesce(imports, '{}') AS imports
FROM parked
WHERE platform = $1 AND room = $2 AND owner = ANY($3::text[]) AND (event_key, owner) > ($4::bytea, $5::text)
ORDER BY event_key, owner
LIMIT $6;

-- name: delete_parked
-- Deletes parked events that are in the log, or that an operator discards.
WITH deleted AS (
    DELETE FROM parked
    WHERE platform = $1 AND room = $2 AND owner = $3 AND event_key = ANY($4::bytea[])
    RETURNING origin
)
UPDATE parked_rooms p
SET events = p.events - d.events
FROM (SELECT origin, count(*) AS events FROM deleted GROUP BY origin) d
WHERE p.platform = $1 AND p.room = $2 AND p.owner = $3 AND p.origin = d.origin;

-- name: expire_parked
-- Deletes parked events that are older than the deployment keeps them, some at a time; returns their number. Settlements and entries
-- of an account stay, since statements are made of them; the condition is the one of the index parked_expiring.
WITH deleted AS (
    DELETE FROM parked
    WHERE (platform, room, owner, event_key) IN (
        SELECT platform, room, owner, event_key FROM parked
        WHERE received_at < $1 AND event ->> 'type' NOT IN ('live.order.settled', 'live.funds.moved')
        ORDER BY received_at LIMIT $2
    )
    RETURNING platform, room, owner, origin
), counted AS (
    UPDATE parked_rooms p
    SET events = p.events - d.events, first_at = GREATEST(p.first_at, $1)
    FROM (SELECT platform, room, owner, origin, count(*) AS events FROM deleted GROUP BY 1, 2, 3, 4) d
    WHERE (p.platform, p.room, p.owner, p.origin) = (d.platform, d.room, d.owner, d.origin)
)
SELECT count(*) FROM deleted;

-- name: delete_empty_parked_rooms
-- Deletes the counts of rooms without parked events.
DELETE FROM parked_rooms WHERE events <= 0;

-- name: parked_rooms
-- A page of rooms with parked events, and what a sender of their events needs. A bound principal sees the events of its own brand's
-- senders.
SELECT p.platform, p.room, sum(p.events)::bigint AS events, min(p.first_at) AS first_at, max(p.last_at) AS last_at,
       array_agg(DISTINCT p.origin) AS origins,
       CASE WHEN NOT EXISTS (SELECT FROM streams st WHERE st.platform = p.platform AND st.room = p.room
                             AND ($1::uuid IS NULL OR st.confirmed OR st.brand_id = $1)) THEN 'room_not_registered'
            WHEN bool_or(p.owner = '') THEN 'registration_not_confirmed'
            ELSE 'room_of_another_brand' END AS reason
FROM parked_rooms p
WHERE p.events > 0 AND ($1::uuid IS NULL OR p.owner = $1::uuid::text)
  AND ($2::text IS NULL OR (p.platform, p.room) > ($2::text, $3::text))
GROUP BY p.platform, p.room
ORDER BY p.platform, p.room
LIMIT $4;

-- name: dead_letters
-- A page of dead letters, newest first.
SELECT d.id, d.origin, d.received_at, d.type, d.subject, d.errors::text AS errors, d.attempts
FROM dead_letters d
WHERE ($1::uuid IS NULL OR d.brand_id = $1) AND ($2::timestamptz IS NULL OR (d.received_at, d.id) < ($2, $3::uuid))
ORDER BY d.received_at DESC, d.id DESC
LIMIT $4;

-- name: dead_letter
-- One dead letter with its encrypted body.
SELECT d.id, d.brand_id, d.origin, d.received_at, d.type, d.subject, d.errors::text AS errors, d.attempts, d.sealed
FROM dead_letters d
WHERE d.id = $1 AND ($2::uuid IS NULL OR d.brand_id = $2);

-- name: discard_dead_letter
-- Deletes a dead letter.
DELETE FROM dead_letters WHERE id = $1 RETURNING id;

-- name: expire_dead_letters
-- Deletes dead letters that were received before a moment, some at a time; returns their number.
WITH deleted AS (
    DELETE FROM dead_letters
    WHERE id IN (SELECT d.id FROM dead_letters d WHERE d.received_at < $1 ORDER BY d.received_at LIMIT $2)
    RETURNING id
)
SELECT count(*) FROM deleted;

-- name: expire_comment_text
-- Deletes the text of comments that were received before a moment, a limited number at a time; they stay counted.
UPDATE events
SET data = (data::jsonb - 'text')::json
WHERE type = 'live.comment.posted' AND (data ->> 'text') IS NOT NULL
  AND (session_id, event_key) IN (
    SELECT e.session_id, e.event_key
    FROM events e
    WHERE e.type = 'live.comment.posted' AND (e.data ->> 'text') IS NOT NULL AND e.received_at < $1
    ORDER BY e.session_id, e.event_key
    LIMIT $2
  )
RETURNING 1;
