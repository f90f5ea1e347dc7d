-- name: candidates
-- Sessions that may be on air, and those that were when they were last looked at. The first part is bounded by the time since their
-- start or creation (a replay of an old broadcast), the second by the first.
SELECT s.id, s.brand_id, (s.started_at > $1 OR s.created_at > $1) AS recent
FROM sessions s
WHERE (s.started_at IS NOT NULL AND (s.started_at > $1 OR s.created_at > $1))
   OR s.id IN (SELECT w.session_id FROM watched_sessions w WHERE w.on_air)
ORDER BY s.id;

-- name: watched
-- What was found when sessions were last looked at.
SELECT w.session_id, w.on_air, w.looked_at FROM watched_sessions w WHERE w.session_id = ANY($1::uuid[]);

-- name: alerted
-- Those of the sessions that have a state of an alert.
SELECT DISTINCT a.session_id FROM alerts a WHERE a.session_id = ANY($1::uuid[]);

-- name: watch
-- Adds a session that is on air for the first time.
INSERT INTO watched_sessions (session_id, on_air) VALUES ($1, false) ON CONFLICT (session_id) DO NOTHING;

-- name: lock_watched
-- Whether a session was on air; locked until the commit, so that a change is noticed once.
SELECT on_air FROM watched_sessions WHERE session_id = $1 FOR UPDATE;

-- name: set_on_air
-- Stores whether a session is on air.
UPDATE watched_sessions SET on_air = $2 WHERE session_id = $1 RETURNING session_id;

-- name: looked
-- Stores when a session's alerts were computed last.
UPDATE watched_sessions SET looked_at = $2 WHERE session_id = $1 RETURNING session_id;

-- name: states
-- What is known of a session's alerts.
SELECT alert, raised_at, absent_since, announced, content::text AS content, taken_by, taken_at, snoozed_until
FROM alerts
WHERE session_id = $1
ORDER BY alert;

-- name: store_states
-- Stores what has changed of a session's alerts.
INSERT INTO alerts AS a (session_id, alert, raised_at, absent_since, announced, content)
SELECT $1, n.alert, n.raised_at, n.absent_since, n.announced, n.content::json
FROM unnest($2::text[], $3::timestamptz[], $4::timestamptz[], $5::boolean[], $6::text[])
    AS n (alert, raised_at, absent_since, announced, content)
ORDER BY n.alert
ON CONFLICT (session_id, alert) DO UPDATE
SET raised_at = excluded.raised_at, absent_since = excluded.absent_since, announced = excluded.announced, content = excluded.content,
    taken_by = CASE WHEN excluded.raised_at IS NOT NULL AND a.raised_at IS NOT NULL THEN a.taken_by END,
    taken_at = CASE WHEN excluded.raised_at IS NOT NULL AND a.raised_at IS NOT NULL THEN a.taken_at END
RETURNING a.alert;

-- name: drop_states
-- Removes alerts that are over.
DELETE FROM alerts WHERE session_id = $1 AND alert = ANY($2::text[]) RETURNING alert;

-- name: take
-- An alert is taken, or given back ($3 null).
INSERT INTO alerts AS a (session_id, alert, raised_at, taken_by, taken_at)
VALUES ($1, $2, $4, $3, CASE WHEN $3::text IS NULL THEN NULL ELSE $4::timestamptz END)
ON CONFLICT (session_id, alert) DO UPDATE
SET raised_at = COALESCE(a.raised_at, excluded.raised_at), taken_by = excluded.taken_by, taken_at = excluded.taken_at
RETURNING a.alert;

-- name: snooze
-- An alert sends no message until a moment; null ends the snooze.
INSERT INTO alerts AS a (session_id, alert, raised_at, snoozed_by, snoozed_until)
VALUES ($1, $2, $5, $3, $4)
ON CONFLICT (session_id, alert) DO UPDATE
SET raised_at = COALESCE(a.raised_at, excluded.raised_at), snoozed_by = excluded.snoozed_by, snoozed_until = excluded.snoozed_until
RETURNING a.alert;
