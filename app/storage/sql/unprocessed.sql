-- name: lock_rooms
-- Serialises the parking of a room's events with the registration of its stream: whichever comes second sees the other.
SELECT pg_advisory_xact_lock_shared(hashtextextended(room, 0)) FROM unnest($1::text[]) AS room ORDER BY room;

-- name: park_events
-- Keeps events of a room that no session has yet.
INSERT INTO parked (platform, room, owner, event_key, received_at, event)
SELECT platform, room, owner, event_key, $5::timestamptz, event::json
FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $6::text[])
    AS new (platform, room, owner, event_key, event)
ON CONFLICT DO NOTHING
RETURNING platform, room, owner, event_key;

-- name: store_dead_letters
-- Keeps what could not be taken; the same bytes again only count as one more attempt.
INSERT INTO dead_letters AS d (id, digest, brand_id, origin, received_at, type, subject, errors, sealed)
SELECT id, digest, brand_id, origin, $9::timestamptz, type, subject, errors::jsonb, sealed
FROM unnest($1::uuid[], $2::bytea[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bytea[])
    AS new (id, digest, brand_id, origin, type, subject, errors, sealed)
ON CONFLICT (digest) DO UPDATE
SET attempts = d.attempts + 1, errors = excluded.errors, received_at = excluded.received_at;

-- name: stream_owner
-- The brand whose session has a stream.
SELECT s.brand_id FROM streams st JOIN sessions s ON s.id = st.session_id WHERE st.platform = $1 AND st.room = $2;

-- name: parked_events
-- A page of what waits for a stream: sent with an unbound key, or with one of the session's brand.
SELECT event_key, owner, event::text AS event
FROM parked
WHERE platform = $1 AND room = $2 AND owner IN ('', $3) AND (event_key, owner) > ($4::bytea, $5::text)
ORDER BY event_key, owner
LIMIT $6;

-- name: delete_parked
-- Lets go of events that are in the log now.
DELETE FROM parked WHERE platform = $1 AND room = $2 AND owner = $3 AND event_key = ANY($4::bytea[]) RETURNING event_key;

-- name: parked_rooms
-- What waits, by room.
SELECT platform, room, count(*) AS events, min(received_at) AS first_at, max(received_at) AS last_at
FROM parked
WHERE $1::uuid IS NULL OR owner = $1::uuid::text
GROUP BY platform, room
ORDER BY platform, room
LIMIT $2;

-- name: dead_letters
-- A page of dead letters, the newest first.
SELECT d.id, d.origin, d.received_at, d.type, d.subject, d.errors::text AS errors, d.attempts
FROM dead_letters d
WHERE ($1::uuid IS NULL OR d.brand_id = $1) AND ($2::timestamptz IS NULL OR (d.received_at, d.id) < ($2, $3::uuid))
ORDER BY d.received_at DESC, d.id DESC
LIMIT $4;

-- name: dead_letter
-- One dead letter with its sealed body.
SELECT d.id, d.brand_id, d.origin, d.received_at, d.type, d.subject, d.errors::text AS errors, d.attempts, d.sealed
FROM dead_letters d
WHERE d.id = $1 AND ($2::uuid IS NULL OR d.brand_id = $2);

-- name: discard_dead_letter
-- Removes a dead letter.
DELETE FROM dead_letters WHERE id = $1 RETURNING id;

-- name: expire_dead_letters
-- Removes dead letters older than the deployment keeps them.
DELETE FROM dead_letters WHERE received_at < $1 RETURNING id;

-- name: expire_comment_text
-- Takes the text out of comments that came before a moment, some at a time; the comments stay counted.
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
