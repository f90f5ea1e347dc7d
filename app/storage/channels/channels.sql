-- name: emit
-- Queues messages for the channels that want them, and a job for each of these channels, in the transaction of what happened. The
-- message names its brand and its session as they are now. An internal alert is only for channels without a brand. The rows of the
-- queue's tables are those that PgQueuer's build_enqueue_query writes.
WITH message AS (
    SELECT m.id, m.event, m.brand_id, m.session_id, m.place,
           coalesce((m.content::jsonb #>> '{alert,internal}')::boolean, false) AS internal,
           (m.content::jsonb #- '{alert,internal}') || jsonb_strip_nulls(jsonb_build_object(
               'brand', (SELECT jsonb_build_object('slug', b.slug, 'name', b.name) FROM brands b WHERE b.id = m.brand_id),
               'session', (SELECT jsonb_build_object('id', s.id, 'title', s.title) FROM sessions s WHERE s.id = m.session_id))) AS content
    FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::text[]) WITH ORDINALITY
        AS m (id, event, brand_id, session_id, content, place)
), queued AS (
    INSERT INTO channel_deliveries (channel_id, id, event, brand_id, session_id, content, created_at, queued_at, state, next_at)
    SELECT c.id, m.id, m.event, m.brand_id, m.session_id, m.content::json, $6::timestamptz, $6::timestamptz, 'queued', $6::timestamptz
    FROM message m
    JOIN channels c
        ON c.enabled AND m.event = ANY(c.events) AND (c.brand_id IS NULL OR (c.brand_id = m.brand_id AND NOT m.internal))
    ORDER BY m.place, c.id
    RETURNING channel_id
), jobs AS (
    INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, status)
    SELECT DISTINCT 0, $7::text, convert_to(q.channel_id::text, 'UTF8'), now(), 'queued'::pgqueuer_status
    FROM queued q
    RETURNING id, entrypoint, priority
)
INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority)
SELECT id, 'queued', entrypoint, priority FROM jobs;

-- name: enqueue_due
-- Enqueues a job for each channel that has something to send and may send it; a channel that has such a job gets no second one.
WITH jobs AS (
    INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, dedupe_key, status)
    SELECT 0, $1::text, convert_to(c.id::text, 'UTF8'), now(), $1::text || '/' || c.id::text, 'queued'
    FROM channels c
    WHERE c.enabled AND (c.paused_until IS NULL OR c.paused_until <= $2) AND (c.busy_until IS NULL OR c.busy_until <= $2)
      AND EXISTS (SELECT 1 FROM channel_deliveries d WHERE d.channel_id = c.id AND d.state = 'queued' AND d.next_at <= $2)
    ON CONFLICT (dedupe_key) WHERE status IN ('queued', 'picked') AND dedupe_key IS NOT NULL DO NOTHING
    RETURNING id, entrypoint, priority
)
INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority)
SELECT id, 'queued', entrypoint, priority FROM jobs;

-- name: lock_channel
-- A channel that is enabled, or any if $2; it is locked until the commit, so that its requests are made one after the other.
SELECT id, kind, lang, options::text AS options, sealed, requests, failures, paused_until, busy_until, brand_id,
       previous_secret_until
FROM channels
WHERE id = $1 AND (enabled OR $2)
FOR UPDATE;

-- name: give_up
-- What waited for too long is no news any more; what has had all of its attempts ended its processes.
UPDATE channel_deliveries
SET state = 'failed', error = CASE WHEN queued_at < $2 THEN $3 ELSE COALESCE(error, $5) END
WHERE channel_id = $1 AND state = 'queued' AND (queued_at < $2 OR attempts >= $4)
RETURNING id;

-- name: due
-- What a channel has to send now. What failed stands behind what has not been tried yet.
SELECT id, event, content::text AS content, attempts, created_at
FROM channel_deliveries
WHERE channel_id = $1 AND state = 'queued' AND next_at <= $2
ORDER BY next_at, position
LIMIT $3;

-- name: add_delivery
-- Adds a message for one channel: a digest, a test.
INSERT INTO channel_deliveries (channel_id, id, event, content, created_at, queued_at, state, next_at, attempts)
VALUES ($1, $2, $3, $4::text::json, $5, $5, 'queued', $5, 0);

-- name: gather
-- Hands messages over to a digest.
UPDATE channel_deliveries SET state = 'gathered', digest_id = $3
WHERE channel_id = $1 AND id = ANY($2::uuid[]) AND state = 'queued'
RETURNING id;

-- name: begin_attempt
-- Counts an attempt before it is made: a process that dies in it must not repeat it without an end.
UPDATE channel_deliveries SET attempts = attempts + 1 WHERE channel_id = $1 AND id = $2 RETURNING attempts;

-- name: begin_request
-- Notes a request of a channel before it is made.
UPDATE channels SET requests = $2::timestamptz[], busy_until = $3 WHERE id = $1;

-- name: finish_attempt
-- Stores the outcome of an attempt.
UPDATE channel_deliveries SET state = $3, error = $4, next_at = COALESCE($5, next_at), sent_at = COALESCE($6, sent_at)
WHERE channel_id = $1 AND id = $2 AND state = 'queued'
RETURNING id;

-- name: finish_request
-- Stores what the outcome means for the channel: its failures in a row and the pause after them.
UPDATE channels SET failures = $2, paused_until = $3, busy_until = NULL WHERE id = $1;

-- name: expire_deliveries
-- Deletes deliveries that are older than a moment, at most $2.
DELETE FROM channel_deliveries WHERE (channel_id, id) IN (
    SELECT channel_id, id FROM channel_deliveries WHERE created_at < $1 ORDER BY created_at, channel_id, id LIMIT $2
)
RETURNING id;

-- name: wanted
-- The brands whose alerts a channel wants; null for all brands.
SELECT DISTINCT brand_id FROM channels WHERE enabled AND events && ARRAY['alert.raised', 'alert.cleared'];

-- name: deliveries
-- Deliveries of a channel, the newest first. A message in a digest has the state of the digest.
SELECT d.id, d.event, b.slug AS brand, d.session_id, d.content::text AS content, d.created_at, COALESCE(g.state, d.state) AS state,
       COALESCE(g.attempts, d.attempts) AS attempts,
       CASE WHEN COALESCE(g.state, d.state) = 'queued' THEN COALESCE(g.next_at, d.next_at) END AS next_at,
       COALESCE(g.sent_at, d.sent_at) AS sent_at, COALESCE(g.error, d.error) AS error, d.digest_id,
       d.position
FROM channel_deliveries d
LEFT JOIN channel_deliveries g ON g.channel_id = d.channel_id AND g.id = d.digest_id AND d.state = 'gathered'
LEFT JOIN brands b ON b.id = d.brand_id
WHERE d.channel_id = $1 AND ($2::uuid IS NULL OR d.id = $2) AND ($3::bigint IS NULL OR d.position < $3)
ORDER BY d.position DESC
LIMIT $4;

-- name: language
-- The language of a channel's messages; no row without the channel.
SELECT lang, brand_id FROM channels WHERE id = $1;

-- name: replay
-- Queues a delivery again, with its job.
WITH replayed AS (
    UPDATE channel_deliveries SET state = 'queued', attempts = 0, queued_at = $3, next_at = $3, sent_at = NULL, digest_id = NULL
    WHERE channel_id = $1 AND id = $2
    RETURNING channel_id
), jobs AS (
    INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, status)
    SELECT 0, $4::text, convert_to(r.channel_id::text, 'UTF8'), now(), 'queued'::pgqueuer_status FROM replayed r
    RETURNING id, entrypoint, priority
), logged AS (
    INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority)
    SELECT id, 'queued', entrypoint, priority FROM jobs
)
SELECT channel_id FROM replayed;

-- name: correct
-- Stores the outcome of a test, which has no other attempt.
UPDATE channel_deliveries SET state = $3, error = $4, sent_at = $5 WHERE channel_id = $1 AND id = $2;
