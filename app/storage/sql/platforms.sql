-- name: sealed_key
-- A key that the deployment keeps, sealed.
SELECT sealed FROM sealed_keys WHERE name = $1;

-- name: keep_sealed_key
-- Keeps a key, unless another process was first.
INSERT INTO sealed_keys (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING;

-- name: connection
-- One connection as its deliveries and jobs need it.
SELECT id, brand_id, kind, name, options::text AS options, sealed, enabled, created_at, reconciled_to, quiet_until, refusals,
       rooms::text AS rooms
FROM connections
WHERE id = $1;

-- name: add_to_states
-- Adds what happened to connections since the last time.
UPDATE connections c
SET deliveries = c.deliveries + new.deliveries, duplicates = c.duplicates + new.duplicates, refused = c.refused + new.refused,
    events = c.events + new.events, letters = c.letters + new.letters,
    last_delivery_at = GREATEST(c.last_delivery_at, new.last_delivery_at),
    last_error = CASE WHEN new.last_error_at >= COALESCE(c.last_error_at, new.last_error_at) THEN new.last_error ELSE c.last_error END,
    last_error_at = GREATEST(c.last_error_at, new.last_error_at)
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::timestamptz[], $8::text[],
            $9::timestamptz[])
    AS new (id, deliveries, duplicates, refused, events, letters, last_delivery_at, last_error, last_error_at)
WHERE c.id = new.id;

-- name: keep_deliveries
-- Keeps raw deliveries, once each, and enqueues their jobs; a row comes back for one that is new, or whose work failed before.
-- One statement, since a round trip costs a sender as much as the commit. What is written to the queue's tables is what its own
-- method writes (PgQueuer, build_enqueue_query), of new deliveries alone.
WITH kept AS (
    INSERT INTO deliveries AS d (connection_id, key, received_at, sealed, settled_at)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bytea[], $5::timestamptz[])
    ON CONFLICT (connection_id, key) DO UPDATE
    SET error = NULL, settled_at = NULL
    WHERE d.error IS NOT NULL
    RETURNING connection_id, key
), queued AS (
    INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, status)
    SELECT 0, $6::text, job.payload, now(), 'queued'
    FROM unnest($7::uuid[], $8::text[], $9::bytea[]) AS job (connection_id, key, payload)
    JOIN kept USING (connection_id, key)
    RETURNING id, entrypoint, priority
), logged AS (
    INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority)
    SELECT id, 'queued', entrypoint, priority FROM queued
)
SELECT connection_id, key FROM kept;

-- name: finish_delivery
-- States that a delivery was worked off, or why it could not be.
UPDATE deliveries SET settled_at = $3, error = $4 WHERE connection_id = $1 AND key = $2;

-- name: expire_deliveries
-- Removes deliveries that were worked off long ago; what still waits for its job stays.
DELETE FROM deliveries WHERE received_at < $1 AND settled_at IS NOT NULL;

-- name: expire_job_log
-- Removes old lines of the job queue's own log.
DELETE FROM pgqueuer_log WHERE created < $1;

-- name: forget_connection
-- Removes what a deleted connection left behind.
DELETE FROM deliveries WHERE connection_id = $1;

-- name: add_token_row
-- Makes the row that the processes lock while one of them asks for a token.
INSERT INTO platform_tokens (key) VALUES ($1) ON CONFLICT (key) DO NOTHING;

-- name: token
-- A token as it is shared.
SELECT sealed, fresh_until, forced_at FROM platform_tokens WHERE key = $1;

-- name: lock_token
-- The same, held until the commit: one process asks the platform, the others wait for its answer.
SELECT sealed, fresh_until, forced_at FROM platform_tokens WHERE key = $1 FOR UPDATE;

-- name: store_token
-- Shares a token.
UPDATE platform_tokens SET sealed = $2, fresh_until = $3, forced_at = $4 WHERE key = $1;

-- name: forget_tokens
-- Lets every process ask for its tokens anew.
DELETE FROM platform_tokens;

-- name: pause_connection
-- Lets a connection rest until a quota fills up again, twice as long each time it is refused in a row.
UPDATE connections
SET refusals = refusals + 1,
    quiet_until = $2::timestamptz + make_interval(secs => LEAST($3::float8 * 2 ^ LEAST(refusals, 20), $4::float8))
WHERE id = $1 AND (quiet_until IS NULL OR quiet_until <= $2)
RETURNING quiet_until;

-- name: resume_connection
-- Forgets refusals once a call has gone through.
UPDATE connections SET refusals = 0, quiet_until = NULL WHERE id = $1 AND refusals > 0;

-- name: polled_connections
-- Connections that a poller may be due for.
SELECT id, brand_id, kind, options::text AS options, polled_at, quiet_until
FROM connections
WHERE enabled AND kind = ANY($1::text[]);

-- name: claim_poll
-- Takes the turn to poll a connection; no row comes back where another process has it.
UPDATE connections SET polled_at = $2 WHERE id = $1 AND (polled_at IS NULL OR polled_at <= $3) RETURNING id;

-- name: reconciled
-- Notes up to which moment lost pushes were looked for.
UPDATE connections SET reconciled_to = $2 WHERE id = $1;

-- name: remember_rooms
-- Notes which rooms of a connection the platform called finished, and when.
UPDATE connections SET rooms = $2::text::jsonb WHERE id = $1;

-- name: recent_sessions
-- Sessions of a brand (of any, where it is null), or the one named by its id or by a stream, that may be on air or ended lately.
SELECT s.id, s.brand_id, s.started_at, s.ended_at,
       ARRAY(SELECT st.room FROM streams st
             WHERE st.session_id = s.id AND st.platform = $3 AND (st.confirmed OR $1::uuid IS NOT NULL) ORDER BY 1) AS rooms,
       (SELECT json_agg(json_build_array(g.platform, g.key, g.latest = 1, g.latest_at))::text
        FROM gauges g
        WHERE g.session_id = s.id AND g.grain = 0 AND g.metric = 'broadcast') AS broadcasts
FROM sessions s
WHERE ($1::uuid IS NULL OR s.brand_id = $1)
  AND ($2::text IS NULL OR s.id::text = lower($2)
       OR EXISTS (SELECT 1 FROM streams st WHERE st.session_id = s.id AND st.platform || ':' || st.room = $2
                                                  AND (st.confirmed OR $1::uuid IS NOT NULL)))
  AND s.started_at > $4
  AND ($2::text IS NOT NULL OR EXISTS (SELECT 1 FROM streams st WHERE st.session_id = s.id AND st.platform = $3
                                                                  AND (st.confirmed OR $1::uuid IS NOT NULL)));

-- name: expected_sessions
-- Sessions in the time of their schedule ($4 to $5), or made lately (since $6) without one, whose rooms on a platform have not all
-- been heard of; the one named, by its id or by a stream, also without a room until it is heard of itself.
SELECT s.id, s.rooms, s.about
FROM (
    SELECT s.id, s.scheduled_at,
           COALESCE(s.scheduled_at, greatest(s.created_at, (SELECT max(st.created_at) FROM streams st
                                                            WHERE st.session_id = s.id AND st.platform = $3))) AS about,
           ARRAY(SELECT st.room FROM streams st
                 WHERE st.session_id = s.id AND st.platform = $3 AND (st.confirmed OR $1::uuid IS NOT NULL)
                   AND NOT EXISTS (SELECT 1 FROM gauges g
                                   WHERE g.session_id = s.id AND g.grain = 0 AND g.key = st.room AND g.platform = $3
                                     AND g.metric = 'broadcast')
                 ORDER BY 1) AS rooms
    FROM sessions s
    WHERE ($1::uuid IS NULL OR s.brand_id = $1)
      AND ($2::text IS NULL OR s.id::text = lower($2)
           OR EXISTS (SELECT 1 FROM streams st WHERE st.session_id = s.id AND st.platform || ':' || st.room = $2
                                                  AND (st.confirmed OR $1::uuid IS NOT NULL)))
      AND NOT EXISTS (SELECT 1 FROM gauges g
                      WHERE g.session_id = s.id AND g.grain = 0 AND g.key = '' AND g.metric = 'broadcast' AND g.latest = 0)
      AND (s.scheduled_at BETWEEN $4 AND $5 OR s.scheduled_at IS NULL)
) s
WHERE (s.scheduled_at IS NOT NULL OR s.about > $6)
  AND (s.rooms <> '{}' OR ($2::text IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM gauges g WHERE g.session_id = s.id AND g.grain = 0 AND g.metric = 'broadcast')));

-- name: promoted_sessions
-- Per brand the latest session that each promotion (named by its id or its url) belongs to, unless it ended too long ago.
SELECT named.promotion, max(s.id::text) AS session
FROM unnest($2::text[]) AS named (promotion)
JOIN promotions p ON p.url = named.promotion OR p.id::text = named.promotion
JOIN sessions s ON s.id = p.session_id
WHERE ($1::uuid IS NULL OR s.brand_id = $1)
  AND COALESCE(s.ended_at, s.scheduled_at, s.created_at) > $3
GROUP BY named.promotion, s.brand_id;

-- name: session_is_recent
-- Whether a session is not over for good.
SELECT EXISTS (
    SELECT 1 FROM sessions s WHERE s.id = $1 AND COALESCE(s.ended_at, s.scheduled_at, s.created_at) > $2
);

-- name: sealed_sealed_keys
-- A page of kept keys.
SELECT name AS place, '' AS rest, sealed FROM sealed_keys WHERE name > $1::text AND $2::text IS NOT NULL ORDER BY name LIMIT 500;

-- name: reencrypt_sealed_keys
-- Puts a key sealed anew in the place of the same.
UPDATE sealed_keys SET sealed = $4 WHERE name = $1::text AND $2::text IS NOT NULL AND sealed = $3;

-- name: sealed_connections
-- A page of connections' secrets.
SELECT id::text AS place, '' AS rest, sealed
FROM connections
WHERE id::text > $1::text AND $2::text IS NOT NULL
ORDER BY id::text
LIMIT 500;

-- name: reencrypt_connections
-- Puts secrets sealed anew in the place of the same.
UPDATE connections SET sealed = $4 WHERE id = $1::text::uuid AND $2::text IS NOT NULL AND sealed = $3;

-- name: sealed_deliveries
-- A page of raw deliveries.
SELECT connection_id::text AS place, key AS rest, sealed
FROM deliveries
WHERE $1::text = '' OR (connection_id, key) > (NULLIF($1::text, '')::uuid, $2::text)
ORDER BY connection_id, key
LIMIT 500;

-- name: reencrypt_deliveries
-- Puts a delivery sealed anew in the place of the same.
UPDATE deliveries SET sealed = $4 WHERE connection_id = $1::text::uuid AND key = $2::text AND sealed = $3;

-- name: sealed_dead_letters
-- A page of dead letters.
SELECT id::text AS place, '' AS rest, sealed
FROM dead_letters
WHERE ($1::text = '' OR id > NULLIF($1::text, '')::uuid) AND $2::text IS NOT NULL
ORDER BY id
LIMIT 500;

-- name: reencrypt_dead_letters
-- Puts a letter sealed anew in the place of the same.
UPDATE dead_letters SET sealed = $4 WHERE id = $1::text::uuid AND $2::text IS NOT NULL AND sealed = $3;
