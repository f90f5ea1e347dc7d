-- name: add
-- Adds marks. An event has one mark, which never changes.
INSERT INTO marks (session_id, at, event_key, platform, kind, name, text, until)
SELECT session_id, to_timestamp(at::float8 / 1000000), event_key, platform, kind, name, text, until
FROM unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[])
    AS new (session_id, at, event_key, platform, kind, name, text, until)
ON CONFLICT (session_id, at, event_key) DO NOTHING;

-- name: delete
-- Deletes the marks of events.
DELETE FROM marks m
USING unnest($1::uuid[], $2::bigint[], $3::bytea[]) AS gone (session_id, at, event_key)
WHERE m.session_id = gone.session_id AND m.at = to_timestamp(gone.at::float8 / 1000000) AND m.event_key = gone.event_key
RETURNING 1;

-- name: of_session
-- Marks of a half-open time range in order, and how many there are.
SELECT m.at, m.kind, m.name, m.text, m.until, m.platform, count(*) OVER () AS total
FROM marks m
WHERE m.session_id = $1::uuid AND m.at >= $2::timestamptz AND m.at < $3::timestamptz
ORDER BY m.at, m.event_key
LIMIT $4::int;

-- name: latest
-- The latest hosts and marks, and the same of the labels that a client sees, so that neither reader misses one because of the
-- other; the latest host also if many marks came after it. Each part ends at its limit, on the primary key.
(SELECT m.at, m.kind, m.name, m.text, m.until, m.platform, m.event_key
 FROM marks m
 WHERE m.session_id = $1::uuid
 ORDER BY m.at DESC, m.event_key DESC
 LIMIT $3::int)
UNION
(SELECT m.at, m.kind, m.name, m.text, m.until, m.platform, m.event_key
 FROM marks m
 WHERE m.session_id = $1::uuid AND (m.kind = 'host' OR m.name = ANY($2::text[]))
 ORDER BY m.at DESC, m.event_key DESC
 LIMIT $3::int)
UNION
(SELECT m.at, m.kind, m.name, m.text, m.until, m.platform, m.event_key
 FROM marks m
 WHERE m.session_id = $1::uuid AND m.kind = 'host'
 ORDER BY m.at DESC, m.event_key DESC
 LIMIT 1)
ORDER BY at, event_key;
