-- name: request
-- Requests rebuilds of sessions. `requested` counts the requests: a rebuild that is under way does not include this one. Failures and
-- the pause after them stay: only a rebuild that succeeds ends them. A session
-- whose log was dropped keeps its figures.
INSERT INTO rebuilds AS r (session_id, requested, done, reason, requested_at, events_read, failures)
SELECT wanted.session_id, 1, 0, $2::text, now(), 0, 0 FROM unnest($1::uuid[]) AS wanted (session_id)
LEFT JOIN sessions s ON s.id = wanted.session_id
WHERE s.log_dropped_at IS NULL
ON CONFLICT (session_id) DO UPDATE
SET requested = r.requested + 1, reason = excluded.reason,
    requested_at = CASE WHEN r.done < r.requested THEN r.requested_at ELSE excluded.requested_at END
RETURNING session_id, requested;

-- name: request_again
-- The same for those of the sessions that have a pending rebuild already.
UPDATE rebuilds r SET requested = r.requested + 1
WHERE r.session_id = ANY($1::uuid[]) AND r.done < r.requested
RETURNING r.session_id, r.requested;

-- name: count_up_to
-- The number of a session's events, but no more than $2.
SELECT count(*) FROM (SELECT FROM events e WHERE e.session_id = $1::uuid LIMIT $2::bigint) AS counted;

-- name: enqueue
-- Enqueues the jobs of rebuilds, one per session at a time. The rows are those that PgQueuer's build_enqueue_query writes.
WITH queued AS (
    INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, dedupe_key, status)
    SELECT 0, $2::text, convert_to(wanted.session_id::text, 'UTF8'), now(), $2::text || '/' || wanted.session_id::text, 'queued'
    FROM unnest($1::uuid[]) AS wanted (session_id)
    ON CONFLICT (dedupe_key) WHERE status IN ('queued', 'picked') AND dedupe_key IS NOT NULL DO NOTHING
    RETURNING id, entrypoint, priority
)
INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority)
SELECT id, 'queued', entrypoint, priority FROM queued;

-- name: due
-- Sessions whose rebuild may start, the oldest request first.
SELECT r.session_id FROM rebuilds r
WHERE r.done < r.requested AND (r.not_before IS NULL OR r.not_before <= now())
ORDER BY r.requested_at, r.session_id
LIMIT $1;

-- name: forget
-- The session was deleted, or its log was dropped.
DELETE FROM rebuilds r WHERE r.session_id = $1;

-- name: rebuild
-- The last rebuild of a session that the caller may see.
SELECT r.session_id, r.requested, r.done, r.reason, r.requested_at, r.started_at, r.finished_at, r.events_read, r.events_total, r.failures
FROM rebuilds r
JOIN sessions s ON s.id = r.session_id
WHERE r.session_id = $1::uuid AND ($2::uuid IS NULL OR s.brand_id = $2::uuid);

-- name: pending_rebuilds
-- Rebuilds that are not done, of sessions that the caller may see.
SELECT r.session_id, r.requested, r.done, r.reason, r.requested_at, r.started_at, r.finished_at, r.events_read, r.events_total, r.failures
FROM rebuilds r
JOIN sessions s ON s.id = r.session_id
WHERE r.done < r.requested AND ($1::uuid IS NULL OR s.brand_id = $1::uuid) AND ($2::uuid IS NULL OR r.session_id > $2::uuid)
ORDER BY r.session_id
LIMIT $3;

-- name: wait_for_turn
-- Waits until no other rebuild of the session runs. The lock ends with the connection.
SELECT pg_advisory_lock(hashtextextended('rebuild ' || $1::text, 0));

-- name: try_turn
-- The same without waiting.
SELECT pg_try_advisory_lock(hashtextextended('rebuild ' || $1::text, 0));

-- name: requested
-- The number of a pending rebuild's last request.
SELECT r.requested FROM rebuilds r WHERE r.session_id = $1 AND r.done < r.requested;

-- name: lock_session
-- The session, its brand and its currency. Waits for the commits of its events, and excludes further ones until the commit.
SELECT s.id, s.brand_id, s.currency, s.rebuild FROM public.sessions s WHERE s.id = $1 FOR UPDATE;

-- name: count_events
-- How many events a session has.
SELECT count(*) FROM public.events e WHERE e.session_id = $1;

-- name: count_valid_events
-- The same without voided ones.
SELECT count(*) FROM public.events e
WHERE e.session_id = $1
  AND NOT EXISTS (SELECT FROM public.voided_events d WHERE d.session_id = e.session_id AND d.event_key = e.event_key);

-- name: forget_arrived
-- Removes what a rebuild that was cut off did not fold.
DELETE FROM public.rebuild_events r WHERE r.session_id = $1;

-- name: mark_session
-- From the commit on, flushes note the events of the session; null: they do not.
UPDATE public.sessions SET rebuild = $2 WHERE id = $1;

-- name: start
-- A rebuild begins.
UPDATE public.rebuilds SET started_at = now(), finished_at = NULL, events_read = 0, events_total = $2 WHERE session_id = $1;

-- name: progress
-- How far a rebuild is.
UPDATE public.rebuilds SET events_read = $2 WHERE session_id = $1;

-- name: finish
-- The figures include these requests.
UPDATE public.rebuilds
SET done = GREATEST(done, $2), finished_at = now(), events_read = $3, events_total = $3, failures = 0, not_before = NULL
WHERE session_id = $1;

-- name: fail
-- The next attempt is made after a pause that doubles up to five minutes; until then the rebuild waits.
UPDATE public.rebuilds
SET failures = failures + 1, started_at = NULL,
    -- A sum of seconds: to add an interval to a moment depends on the time zone, which Citus does for no column.
    not_before = to_timestamp(extract(epoch FROM now())::float8 + LEAST(300, power(2, LEAST(failures, 10) + 1)))
WHERE session_id = $1 AND done < requested;

-- name: arrived
-- Removes some of the events that were logged meanwhile from the list, and returns their keys.
DELETE FROM public.rebuild_events r
WHERE r.session_id = $1
  AND r.event_key IN (SELECT a.event_key FROM public.rebuild_events a WHERE a.session_id = $1 ORDER BY a.event_key LIMIT $2)
RETURNING r.event_key;

-- name: valid_events
-- Events of the log by their keys, without voided ones.
SELECT e.session_id, e.event_key, e.id, e.source, e.type, e.platform, e.room, e.occurred_at, e.sent_time, e.data::text AS data
FROM public.events e
WHERE e.session_id = $1 AND e.event_key = ANY($2::bytea[])
  AND NOT EXISTS (SELECT FROM public.voided_events d WHERE d.session_id = e.session_id AND d.event_key = e.event_key);

-- name: note_events
-- Notes events that were logged while their session is being rebuilt.
INSERT INTO rebuild_events (session_id, event_key)
SELECT * FROM unnest($1::uuid[], $2::bytea[])
ON CONFLICT (session_id, event_key) DO NOTHING;
