-- name: lock_session
-- Locks a session that the caller may see against flushes, rebuilds and other voids.
SELECT s.id, s.brand_id, s.currency FROM sessions s WHERE s.id = $1 AND ($2::uuid IS NULL OR s.brand_id = $2) FOR UPDATE;

-- name: find_session
-- Whether the caller may see a session.
SELECT s.id FROM sessions s WHERE s.id = $1 AND ($2::uuid IS NULL OR s.brand_id = $2);

-- name: event_void
-- The void of one event.
SELECT v.id FROM voids v WHERE v.session_id = $1 AND v.source = $2 AND v.event_id = $3;

-- name: import_void
-- The void of one import.
SELECT v.id FROM voids v WHERE v.session_id = $1 AND v.import_id = $2;

-- name: logged_key
-- The key of an event, if the session's log holds it.
SELECT e.event_key FROM events e WHERE e.session_id = $1 AND e.event_key = $2;

-- name: has_import
-- Whether an import brought events to the session.
SELECT EXISTS (SELECT FROM import_events i WHERE i.session_id = $1 AND i.import_id = $2);

-- name: import_keys
-- Events of an import that no other import brought, except imports that are void themselves.
SELECT i.event_key
FROM import_events i
WHERE i.session_id = $1 AND i.import_id = $2
  AND NOT EXISTS (
      SELECT FROM import_events o
      WHERE o.session_id = i.session_id AND o.event_key = i.event_key AND o.import_id <> i.import_id
        AND NOT EXISTS (SELECT FROM voids v WHERE v.session_id = o.session_id AND v.import_id = o.import_id)
  )
ORDER BY i.event_key;

-- name: add_void
-- Records who took what out of the figures, when and why.
INSERT INTO voids (session_id, id, source, event_id, import_id, reason, voided_by, voided_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: already_void
-- Those of the events that another void takes out.
SELECT DISTINCT d.event_key FROM voided_events d WHERE d.session_id = $1 AND d.event_key = ANY($2::bytea[]) AND d.void_id <> $3;

-- name: mark_events
-- Marks events as void; returns those that this void did not mark yet.
INSERT INTO voided_events (session_id, event_key, void_id)
SELECT $1::uuid, marked.event_key, $3::uuid FROM unnest($2::bytea[]) AS marked (event_key)
ON CONFLICT (session_id, event_key, void_id) DO NOTHING
RETURNING event_key;

-- name: remove_void
-- Removes a void.
DELETE FROM voids v WHERE v.session_id = $1 AND v.id = $2 RETURNING v.import_id;

-- name: unmark_events
-- Removes the marks of a void.
DELETE FROM voided_events d WHERE d.session_id = $1 AND d.void_id = $2 RETURNING d.event_key;

-- name: unmark_import
-- Removes every mark that a void of an import left on events which a valid import brought ($2). An event that was voided itself stays
-- void.
DELETE FROM voided_events d
WHERE d.session_id = $1
  AND d.event_key IN (SELECT i.event_key FROM import_events i WHERE i.session_id = $1 AND i.import_id = $2)
  AND d.void_id IN (SELECT v.id FROM voids v WHERE v.session_id = $1 AND v.import_id IS NOT NULL)
RETURNING d.event_key;

-- name: unmark_imported
-- Removes the marks that voids of imports left on these events of a session ($3): an import brings them now that is valid ($2).
DELETE FROM voided_events d
WHERE d.session_id = $1 AND d.event_key = ANY($3::bytea[])
  -- A column is named, since a dry run asks for voids beside a temporary table: Citus then reads them apart, and needs one.
  AND NOT EXISTS (SELECT 1 FROM voids w WHERE w.session_id = $1 AND w.import_id = $2)
  AND d.void_id IN (SELECT v.id FROM voids v WHERE v.session_id = $1 AND v.import_id IS NOT NULL)
RETURNING d.session_id, d.event_key;

-- name: still_void
-- Those of the events that are void.
SELECT DISTINCT d.session_id, d.event_key
FROM unnest($1::uuid[], $2::bytea[]) AS asked (session_id, event_key)
JOIN voided_events d USING (session_id, event_key);

-- name: void_imports
-- The imports that are void in these sessions.
SELECT v.session_id, v.import_id FROM voids v WHERE v.session_id = ANY($1::uuid[]) AND v.import_id IS NOT NULL;

-- name: record_imports
-- Records which events imports brought, new or not, and returns the imports that are void in their sessions ($1). $3 is the index
-- into $1 and $2; the keys are joined.
WITH recorded AS (
    INSERT INTO import_events (session_id, import_id, event_key)
    SELECT ($1::uuid[])[pair], ($2::uuid[])[pair], substring($4::bytea FROM (16 * n - 15)::int FOR 16)
    FROM unnest(string_to_array($3, E'\x1f')::int[]) WITH ORDINALITY AS new (pair, n)
    ON CONFLICT (session_id, import_id, event_key) DO NOTHING
)
SELECT v.session_id, v.import_id FROM voids v WHERE v.session_id = ANY($1::uuid[]) AND v.import_id IS NOT NULL;

-- name: page
-- Voids of a session, the newest first, with the number of events that each takes out.
SELECT v.id, v.source, v.event_id, v.import_id, v.reason, v.voided_by, v.voided_at,
       (SELECT count(*) FROM voided_events d WHERE d.session_id = $1::uuid AND d.void_id = v.id) AS events
FROM voids v
WHERE v.session_id = $1::uuid AND ($2::timestamptz IS NULL OR (v.voided_at, v.id) < ($2, $3::uuid))
ORDER BY v.voided_at DESC, v.id DESC
LIMIT $4;

-- name: void
-- One void.
SELECT v.id, v.source, v.event_id, v.import_id, v.reason, v.voided_by, v.voided_at,
       (SELECT count(*) FROM voided_events d WHERE d.session_id = $1::uuid AND d.void_id = v.id) AS events
FROM voids v
WHERE v.session_id = $1::uuid AND v.id = $2;

-- name: owned_members
-- Those of the claims that one of these events owns.
SELECT count(*)
FROM unnest($2::text[], $3::bytea[]) AS claimed (set, member)
JOIN members m ON m.session_id = $1::uuid AND m.set = claimed.set AND m.member = claimed.member
WHERE m.event_key = ANY($4::bytea[]);

-- name: sampling_events
-- Valid events of the types that may sample, a page at a time.
SELECT e.session_id, e.event_key, e.id, e.source, e.type, e.platform, e.room, e.occurred_at, e.sent_time, e.data::text AS data
FROM events e
WHERE e.session_id = $1 AND e.type <> ALL($2::text[]) AND e.event_key > $3
  AND NOT EXISTS (SELECT FROM voided_events d WHERE d.session_id = e.session_id AND d.event_key = e.event_key)
ORDER BY e.event_key
LIMIT $4;

-- name: delete_samples
-- Deletes samples.
DELETE FROM gauges g
USING unnest($1::uuid[], $2::smallint[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[])
    AS gone (session_id, grain, key, bucket, platform, room, metric)
WHERE g.session_id = gone.session_id AND g.grain = gone.grain AND g.key = gone.key
  AND g.bucket = gone.bucket AND g.platform = gone.platform AND g.room = gone.room AND g.metric = gone.metric
RETURNING 1;

-- name: set_clock
-- Sets the start and the end of a session.
UPDATE sessions SET started_at = $2, ended_at = $3 WHERE id = $1;
