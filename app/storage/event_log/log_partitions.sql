-- name: partitions
-- The partitions of the log with their bounds.
SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'public.events'::regclass
ORDER BY c.relname;

-- name: take_turn
-- Becomes the only process that changes partitions until the connection ends.
SELECT pg_try_advisory_lock(hashtextextended('log partitions', 0));

-- name: unmarked
-- Sessions with ids in a range whose log was not dropped. `final`: the last release is older than a moment, and no rebuild is pending.
-- Releases and rebuilds are read beside the sessions, since Citus computes no subquery over a distributed table for each row of the catalogue.
WITH released AS (
    SELECT r.session_id, r.number FROM revisions r
    WHERE r.session_id >= $1::uuid AND r.session_id < $2::uuid AND r.created_at < $3::timestamptz
),
pending AS (
    SELECT b.session_id FROM rebuilds b WHERE b.session_id >= $1::uuid AND b.session_id < $2::uuid AND b.done < b.requested
)
SELECT s.id, r.number IS NOT NULL AND s.rebuild IS NULL AND b.session_id IS NULL AS final
FROM sessions s
LEFT JOIN released r ON r.session_id = s.id AND r.number = s.revision
LEFT JOIN pending b ON b.session_id = s.id
WHERE s.log_dropped_at IS NULL AND s.id >= $1::uuid AND s.id < $2::uuid
ORDER BY s.id;

-- name: lock_sessions
-- Waits for the commits of the sessions' events, voids, rebuilds and releases, and excludes further ones until the commit.
SELECT s.id FROM sessions s WHERE s.log_dropped_at IS NULL AND s.id >= $1::uuid AND s.id < $2::uuid ORDER BY s.id FOR UPDATE;

-- name: mark
-- From the commit on these sessions take in no event, and nothing reads their logs.
UPDATE sessions SET log_dropped_at = $2::timestamptz WHERE id = ANY($1::uuid[]) RETURNING id;

-- name: marked
-- Sessions with ids in a range whose log was dropped.
SELECT s.id FROM sessions s WHERE s.log_dropped_at IS NOT NULL AND s.id >= $1::uuid AND s.id < $2::uuid ORDER BY s.id;

-- name: marked_at
-- The latest of these marks.
SELECT max(s.log_dropped_at) FROM sessions s WHERE s.log_dropped_at IS NOT NULL AND s.id >= $1::uuid AND s.id < $2::uuid;

-- name: drop_movements
-- Deletes what is packed of a session's entries and exits.
DELETE FROM movements m WHERE m.session_id = $1::uuid;

-- name: has_events
-- Whether the log holds an event of a session.
SELECT EXISTS (SELECT 1 FROM events e WHERE e.session_id = $1::uuid);

-- name: strays
-- Whether an event of a session with an id in a range is in the partition for what no month takes in.
SELECT EXISTS (SELECT 1 FROM events_other e WHERE e.session_id >= $1::uuid AND e.session_id < $2::uuid);

-- name: distribute
-- Lays a new partition out as the log is, on a coordinator of Citus.
SELECT create_distributed_table($1::text::regclass, 'session_id', colocate_with => 'events');

-- name: dropped_at
-- When a session's log was dropped. The schema is named, since a rebuild hides the table of sessions.
SELECT s.log_dropped_at FROM public.sessions s WHERE s.id = $1::uuid;

-- name: dropped_sessions
-- A brand's sessions whose logs were dropped.
SELECT s.id, s.log_dropped_at FROM sessions s WHERE s.brand_id = $1::uuid AND s.log_dropped_at IS NOT NULL ORDER BY s.id;

-- name: columns
-- The columns of the log: partitions may have them in another order.
SELECT quote_ident(a.attname) AS "column"
FROM pg_attribute a
WHERE a.attrelid = 'public.events'::regclass AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum;
