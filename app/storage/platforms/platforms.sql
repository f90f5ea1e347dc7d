-- name: sealed_key
-- A key of the deployment, encrypted.
SELECT sealed FROM sealed_keys WHERE name = $1;

-- name: keep_sealed_key
-- Stores a key unless another process has stored it.
INSERT INTO sealed_keys (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING;

-- name: connection
-- One connection with the columns that deliveries and jobs use.
SELECT id, brand_id, kind, name, options::text AS options, sealed, enabled, created_at, reconciled_to, quiet_until, refusals,
       rooms::text AS rooms, previous_secret_until
FROM connections
WHERE id = $1;

-- name: add_to_states
-- Adds the counts of connections since the previous write. Returns those that fail as of now: so many calls failed in a row.
-- That some figures could not be read is a state, not an event: it ends with the next call that reads them all.
WITH added AS (
    UPDATE connections c
    SET deliveries = c.deliveries + new.deliveries, duplicates = c.duplicates + new.duplicates, refused = c.refused + new.refused,
        events = c.events + new.events, letters = c.letters + new.letters,
        last_delivery_at = GREATEST(c.last_delivery_at, new.last_delivery_at),
        last_error = CASE WHEN new.last_error_at >= COALESCE(c.last_error_at, new.last_error_at) THEN new.last_error
                          WHEN new.last_error_at IS NULL AND new.succeeded AND starts_with(c.last_error, '[partly_read]') THEN NULL
                          ELSE c.last_error END,
        last_error_at = CASE WHEN new.last_error_at IS NULL AND new.succeeded AND starts_with(c.last_error, '[partly_read]') THEN NULL
                             ELSE GREATEST(c.last_error_at, new.last_error_at) END,
        recent = CASE WHEN new.recent = '[]' THEN c.recent ELSE
            (SELECT jsonb_agg(one ORDER BY place)
             FROM jsonb_array_elements(new.recent::jsonb || c.recent) WITH ORDINALITY AS listed (one, place)
             WHERE place <= :most_recent::int) END,
        failures = CASE WHEN new.succeeded THEN 0 ELSE c.failures END + new.failures,
        failing_since = CASE WHEN CASE WHEN new.succeeded THEN 0 ELSE c.failures END + new.failures >= :failing_from
                             THEN COALESCE(CASE WHEN NOT new.succeeded THEN c.failing_since END, :now::timestamptz) END
    FROM unnest(:ids::uuid[], :deliveries::bigint[], :duplicates::bigint[], :refused::bigint[], :events::bigint[],
                :letters::bigint[], :last_delivery_at::timestamptz[], :last_error::text[], :last_error_at::timestamptz[],
                :recent::text[], :failures::integer[], :succeeded::boolean[])
        AS new (id, deliveries, duplicates, refused, events, letters, last_delivery_at, last_error, last_error_at, recent, failures,
                succeeded)
    WHERE c.id = new.id
    RETURNING c.id, c.brand_id, c.name, c.kind, c.last_error, c.failing_since
)
SELECT id, brand_id, name, kind, last_error FROM added WHERE failing_since = :now::timestamptz ORDER BY id;

-- name: keep_deliveries
-- Stores each raw delivery once and enqueues its jobs. Returns a row for a delivery that is new or whose jobs failed before.
-- One statement, because a round trip takes as long as the commit. The rows of the queue's tables are those that PgQueuer's
-- build_enqueue_query writes, for new deliveries only.
WITH kept AS (
    INSERT INTO deliveries AS d (connection_id, key, received_at, sealed, settled_at)
    SELECT * FROM unnest(:connections::uuid[], :keys::text[], :received_at::timestamptz[], :bodies::bytea[], :settled_at::timestamptz[])
    ON CONFLICT (connection_id, key) DO UPDATE
    SET error = NULL, settled_at = NULL
    WHERE d.error IS NOT NULL
    RETURNING connection_id, key
), queued AS (
    INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, status)
    SELECT 0, :entrypoint::text, job.payload, now(), 'queued'
    FROM unnest(:job_connections::uuid[], :job_keys::text[], :payloads::bytea[]) AS job (connection_id, key, payload)
    JOIN kept USING (connection_id, key)
    RETURNING id, entrypoint, priority
), logged AS (
    INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority)
    SELECT id, 'queued', entrypoint, priority FROM queued
)
SELECT connection_id, key FROM kept;

-- name: finish_delivery
-- Marks a delivery as processed, or stores the reason why it was not.
UPDATE deliveries SET settled_at = $3, error = $4 WHERE connection_id = $1 AND key = $2;

-- name: expire_deliveries
-- Deletes processed deliveries that are older than a moment, some at a time; returns their number. Deliveries with pending jobs stay.
WITH deleted AS (
    DELETE FROM deliveries
    WHERE (connection_id, key) IN (
        SELECT d.connection_id, d.key FROM deliveries d
        WHERE d.received_at < $1 AND d.settled_at IS NOT NULL
        ORDER BY d.received_at LIMIT $2
    )
    RETURNING key
)
SELECT count(*) FROM deleted;

-- name: expire_job_log
-- Deletes old rows of the job queue's log, some at a time; returns their number.
WITH deleted AS (
    DELETE FROM pgqueuer_log
    WHERE id IN (SELECT l.id FROM pgqueuer_log l WHERE l.created < $1 ORDER BY l.created LIMIT $2)
    RETURNING id
)
SELECT count(*) FROM deleted;

-- name: forget_connection
-- Deletes the deliveries of a deleted connection.
DELETE FROM deliveries WHERE connection_id = $1;

-- name: add_token_row
-- Adds the row of an app's token.
INSERT INTO platform_tokens (key) VALUES ($1) ON CONFLICT (key) DO NOTHING;

-- name: token
-- The token that all processes share.
SELECT sealed, fresh_until, forced_at FROM platform_tokens WHERE key = $1;

-- name: claim_forced_token
-- Claims the forced request of a new token. Returns no row if one was forced too recently, by any process.
UPDATE platform_tokens SET forced_at = $2 WHERE key = $1 AND (forced_at IS NULL OR forced_at <= $3) RETURNING 1;

-- name: store_token
-- Stores a token for all processes.
UPDATE platform_tokens SET sealed = $2, fresh_until = $3 WHERE key = $1;

-- name: forget_tokens
-- Deletes all tokens; each process requests new ones.
DELETE FROM platform_tokens;

-- name: pause_connection
-- Pauses the calls of a connection after a quota error. The pause doubles with each consecutive error.
UPDATE connections
SET refusals = refusals + 1,
    -- A sum of seconds: to add an interval to a moment depends on the time zone, which Citus does for no column.
    quiet_until = to_timestamp(extract(epoch FROM $2::timestamptz)::float8 + LEAST($3::float8 * 2 ^ LEAST(refusals, 20), $4::float8))
WHERE id = $1 AND (quiet_until IS NULL OR quiet_until <= $2)
RETURNING quiet_until;

-- name: resume_connection
-- Resets the pause after a successful call.
UPDATE connections SET refusals = 0, quiet_until = NULL WHERE id = $1 AND refusals > 0;

-- name: polled_connections
-- Connections that a poller may have to read.
SELECT id, brand_id, kind, options::text AS options, polled_at, quiet_until
FROM connections
WHERE enabled AND kind = ANY($1::text[]);

-- name: claim_poll
-- Claims the next poll of a connection. Returns no row if another process has claimed it.
UPDATE connections SET polled_at = $2 WHERE id = $1 AND (polled_at IS NULL OR polled_at <= $3) RETURNING id;

-- name: reconciled
-- Stores the moment up to which orders were reconciled.
UPDATE connections SET reconciled_to = $2 WHERE id = $1;

-- name: funds_position
-- The position of a connection in the account of its shop.
SELECT funds FROM connections WHERE id = $1;

-- name: store_funds_position
-- Stores a position, unless the stored one is no longer $3.
UPDATE connections SET funds = $2 WHERE id = $1 AND funds IS NOT DISTINCT FROM $3::text RETURNING funds;

-- name: pending_funds
-- The number of a connection's pending pulls of entries of the account.
SELECT count(*) FROM deliveries WHERE connection_id = $1 AND key >= 'work/funds/' AND key < 'work/funds0' AND settled_at IS NULL;

-- name: remember_rooms
-- Stores which rooms of a connection the platform reported as finished, and when.
UPDATE connections SET rooms = $2::text::jsonb WHERE id = $1;

-- name: recent_sessions
-- Sessions of a brand (of all brands if null), or the session with this id or stream, that may be on air or ended recently.
SELECT s.id, s.brand_id, s.started_at, s.ended_at,
       ARRAY(SELECT st.room FROM streams st
             WHERE st.session_id = s.id AND st.platform = $3 AND (st.confirmed OR $1::uuid IS NOT NULL) ORDER BY 1) AS rooms
FROM sessions s
WHERE ($1::uuid IS NULL OR s.brand_id = $1)
  AND ($2::text IS NULL OR s.id::text = lower($2)
       OR EXISTS (SELECT 1 FROM streams st WHERE st.session_id = s.id AND st.platform || ':' || st.room = $2
                                                  AND (st.confirmed OR $1::uuid IS NOT NULL)))
  AND s.started_at > $4
  AND ($2::text IS NOT NULL OR EXISTS (SELECT 1 FROM streams st WHERE st.session_id = s.id AND st.platform = $3
                                                                  AND (st.confirmed OR $1::uuid IS NOT NULL)));

-- name: scheduled_sessions
-- Sessions whose schedule is between $4 and $5, or created since $6 without a schedule, with their rooms on a platform; the session
-- with this id or stream is returned without a room too.
SELECT s.id, s.rooms, s.about
FROM (
    SELECT s.id, s.scheduled_at,
           COALESCE(s.scheduled_at, greatest(s.created_at, (SELECT max(st.created_at) FROM streams st
                                                            WHERE st.session_id = s.id AND st.platform = $3))) AS about,
           ARRAY(SELECT st.room FROM streams st
                 WHERE st.session_id = s.id AND st.platform = $3 AND (st.confirmed OR $1::uuid IS NOT NULL)
                 ORDER BY 1) AS rooms
    FROM sessions s
    WHERE ($1::uuid IS NULL OR s.brand_id = $1)
      AND ($2::text IS NULL OR s.id::text = lower($2)
           OR EXISTS (SELECT 1 FROM streams st WHERE st.session_id = s.id AND st.platform || ':' || st.room = $2
                                                  AND (st.confirmed OR $1::uuid IS NOT NULL)))
      AND (s.scheduled_at BETWEEN $4 AND $5 OR s.scheduled_at IS NULL)
) s
WHERE (s.scheduled_at IS NOT NULL OR s.about > $6) AND (s.rooms <> '{}' OR $2::text IS NOT NULL);

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
-- Whether a session has not ended too long ago.
SELECT EXISTS (
    SELECT 1 FROM sessions s WHERE s.id = $1 AND COALESCE(s.ended_at, s.scheduled_at, s.created_at) > $2
);

-- name: sealed_sealed_keys
-- A page of stored keys.
SELECT name AS place, '' AS rest, sealed FROM sealed_keys WHERE name > $1::text AND $2::text IS NOT NULL ORDER BY name LIMIT 500;

-- name: reencrypt_sealed_keys
-- Replaces a key with its re-encrypted value.
UPDATE sealed_keys SET sealed = $4 WHERE name = $1::text AND $2::text IS NOT NULL AND sealed = $3;

-- name: sealed_connections
-- A page of connections' secrets.
SELECT id::text AS place, '' AS rest, sealed
FROM connections
WHERE id::text > $1::text AND $2::text IS NOT NULL
ORDER BY id::text
LIMIT 500;

-- name: reencrypt_connections
-- Replaces secrets with their re-encrypted value.
UPDATE connections SET sealed = $4 WHERE id = $1::text::uuid AND $2::text IS NOT NULL AND sealed = $3;

-- name: sealed_channels
-- A page of channels' secrets.
SELECT id::text AS place, '' AS rest, sealed
FROM channels
WHERE id::text > $1::text AND $2::text IS NOT NULL
ORDER BY id::text
LIMIT 500;

-- name: reencrypt_channels
-- Replaces secrets with their re-encrypted value.
UPDATE channels SET sealed = $4 WHERE id = $1::text::uuid AND $2::text IS NOT NULL AND sealed = $3;

-- name: sealed_deliveries
-- A page of raw deliveries.
SELECT connection_id::text AS place, key AS rest, sealed
FROM deliveries
WHERE $1::text = '' OR (connection_id, key) > (NULLIF($1::text, '')::uuid, $2::text)
ORDER BY connection_id, key
LIMIT 500;

-- name: reencrypt_deliveries
-- Replaces a delivery with its re-encrypted value.
UPDATE deliveries SET sealed = $4 WHERE connection_id = $1::text::uuid AND key = $2::text AND sealed = $3;

-- name: sealed_dead_letters
-- A page of dead letters.
SELECT id::text AS place, '' AS rest, sealed
FROM dead_letters
WHERE ($1::text = '' OR id > NULLIF($1::text, '')::uuid) AND $2::text IS NOT NULL
ORDER BY id
LIMIT 500;

-- name: reencrypt_dead_letters
-- Replaces a dead letter's body with its re-encrypted value.
UPDATE dead_letters SET sealed = $4 WHERE id = $1::text::uuid AND $2::text IS NOT NULL AND sealed = $3;

-- name: bind_delivery
-- Binds a value to a key at the first use; returns the value that is bound.
INSERT INTO delivery_bindings AS b (connection_id, key, value, expires_at)
VALUES ($1::uuid, $2::text, $3::text, $4::timestamptz)
ON CONFLICT (connection_id, key) DO UPDATE SET expires_at = GREATEST(b.expires_at, excluded.expires_at)
RETURNING b.value;

-- name: expire_bindings
-- Deletes bindings that are no longer needed, some at a time; returns their number.
WITH deleted AS (
    DELETE FROM delivery_bindings
    WHERE (connection_id, key) IN (
        SELECT b.connection_id, b.key FROM delivery_bindings b WHERE b.expires_at < $1::timestamptz ORDER BY b.expires_at LIMIT $2
    )
    RETURNING key
)
SELECT count(*) FROM deleted;
