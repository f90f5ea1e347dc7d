-- name: create
-- Creates a job unless the same one is not finished yet; returns the id of either, and whether it is new.
WITH known AS (
    SELECT j.id FROM jobs j WHERE j.same = $6::text AND j.finished_at IS NULL
), created AS (
    INSERT INTO jobs (id, kind, brand_id, filter, requested_by, same, requested_at, until, total)
    SELECT $1::uuid, $2::text, $3::uuid, $4::jsonb, $5::text, $6::text, $7::timestamptz, $7::timestamptz, $8::bigint
    WHERE NOT EXISTS (SELECT FROM known)
    ON CONFLICT (same) WHERE finished_at IS NULL DO NOTHING
    RETURNING id
)
SELECT id, true AS new FROM created
UNION ALL
SELECT id, false FROM known;

-- name: enqueue
-- Enqueues jobs, each at most once at a time. The rows are those that PgQueuer's build_enqueue_query writes.
WITH queued AS (
    INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, dedupe_key, status)
    SELECT 0, $2::text, convert_to(wanted.id::text, 'UTF8'), now(), $2::text || '/' || wanted.id::text, 'queued'
    FROM unnest($1::uuid[]) AS wanted (id)
    ON CONFLICT (dedupe_key) WHERE status IN ('queued', 'picked') AND dedupe_key IS NOT NULL DO NOTHING
    RETURNING id, entrypoint, priority
)
INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority)
SELECT id, 'queued', entrypoint, priority FROM queued;

-- name: due
-- Jobs that are not finished, the oldest first.
SELECT id FROM jobs WHERE finished_at IS NULL ORDER BY requested_at, id LIMIT 100;

-- name: job
-- One job, as its worker needs it.
SELECT j.id, j.kind, j.brand_id, j.filter::text AS filter, j.until, j.cursor_at, j.cursor_id, j.cancelled, j.finished_at
FROM jobs j WHERE j.id = $1;

-- name: start
-- Notes that a job runs.
UPDATE jobs SET started_at = coalesce(started_at, now()) WHERE id = $1;

-- name: progress
-- Adds what was done since the last time, and returns whether the job was cancelled meanwhile.
UPDATE jobs
SET done = done + $2::bigint, succeeded = succeeded + $3::bigint, failed = failed + $4::bigint,
    cursor_at = coalesce($5::timestamptz, cursor_at), cursor_id = coalesce($6::uuid, cursor_id)
WHERE id = $1
RETURNING cancelled;

-- name: finish
-- Ends a job.
UPDATE jobs SET finished_at = now(), error = $2::text WHERE id = $1 AND finished_at IS NULL;

-- name: cancel
-- Cancels a job that is not finished.
UPDATE jobs SET cancelled = true, finished_at = CASE WHEN started_at IS NULL THEN now() ELSE finished_at END
WHERE id = $1 AND ($2::uuid IS NULL OR brand_id = $2) AND finished_at IS NULL
RETURNING id;

-- name: page
-- Jobs that the caller may see, the newest first.
SELECT j.id, j.kind, j.filter::text AS filter, j.requested_at, j.started_at, j.finished_at, j.total, j.done, j.succeeded, j.failed,
       j.cancelled, j.error
FROM jobs j
WHERE ($1::uuid IS NULL OR j.brand_id = $1) AND ($2::uuid IS NULL OR j.id = $2)
  AND ($3::timestamptz IS NULL OR (j.requested_at, j.id) < ($3, $4::uuid))
ORDER BY j.requested_at DESC, j.id DESC
LIMIT $5;

-- name: expire
-- Deletes jobs that ended before a moment, some at a time; returns their number.
WITH deleted AS (
    DELETE FROM jobs WHERE id IN (SELECT j.id FROM jobs j WHERE j.finished_at < $1 LIMIT $2) RETURNING id
)
SELECT count(*) FROM deleted;

-- name: parked_keys
-- Some parked events of a room, of a sender of a brand ($3: empty for unbound ones, null for all), received until $4.
SELECT p.owner, p.event_key
FROM parked p
WHERE p.platform = $1 AND p.room = $2 AND ($3::text IS NULL OR p.owner = $3) AND p.received_at <= $4::timestamptz
LIMIT $5;

-- name: count_parked
-- Their number.
SELECT count(*) FROM parked p
WHERE p.platform = $1 AND p.room = $2 AND ($3::text IS NULL OR p.owner = $3) AND p.received_at <= $4::timestamptz;
