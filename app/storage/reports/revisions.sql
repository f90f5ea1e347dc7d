-- name: wait_for_turn
-- Waits until no other release of the session is being made. The lock ends with the connection.
SELECT pg_advisory_lock(hashtextextended('release ' || $1::text, 0));

-- name: repeated
-- The revision that this caller has made with the same idempotency key.
SELECT session_id, number, created_at, created_by, note, sha256, ended_at, time_zone, currency, gmv::text AS gmv, net_gmv::text AS net_gmv
FROM revisions
WHERE session_id = $1::uuid AND created_by = $2::text AND idempotency_key = $3::text;

-- name: last_number
-- The number of the last revision, 0 without one.
SELECT coalesce(max(number), 0) FROM revisions WHERE session_id = $1::uuid;

-- name: mark_session
-- The session is released with this revision; no row if it was deleted.
UPDATE sessions SET revision = $2::int WHERE id = $1::uuid RETURNING id;

-- name: add
-- Stores a revision.
INSERT INTO revisions (session_id, number, created_at, created_by, idempotency_key, note, sha256, document, kpis,
                       ended_at, time_zone, currency, gmv, net_gmv)
VALUES (:session::uuid, :number::int, :created_at::timestamptz, :created_by::text, :key::text, :note::text, :sha256::text,
        :document::text, :kpis::text, :ended_at::timestamptz, :time_zone::text, :currency::text, :gmv::text::numeric, :net_gmv::text::numeric);

-- name: page
-- Revisions, the newest first, without their documents.
SELECT session_id, number, created_at, created_by, note, sha256, ended_at, time_zone, currency, gmv::text AS gmv, net_gmv::text AS net_gmv
FROM revisions
WHERE session_id = $1::uuid AND ($2::int IS NULL OR number < $2::int)
ORDER BY number DESC
LIMIT $3::int;

-- name: revision
-- One revision without its document.
SELECT session_id, number, created_at, created_by, note, sha256, ended_at, time_zone, currency, gmv::text AS gmv, net_gmv::text AS net_gmv
FROM revisions
WHERE session_id = $1::uuid AND number = $2::int;

-- name: document
-- The frozen document of a revision and its hash.
SELECT number, document, sha256 FROM revisions WHERE session_id = $1::uuid AND number = $2::int;

-- name: session
-- Whether the caller may see the session, and its latest revision.
SELECT revision FROM sessions WHERE id = $1::uuid AND ($2::uuid IS NULL OR brand_id = $2::uuid);

-- name: due
-- Broadcasts that ended before a moment and were never released, in order of their end. Rehearsals are released by people only.
SELECT ended_at, id
FROM sessions
WHERE revision IS NULL AND kind = 'live' AND ended_at < $1::timestamptz
  AND ($2::timestamptz IS NULL OR (ended_at, id) > ($2::timestamptz, $3::uuid))
ORDER BY ended_at, id
LIMIT $4::int;
