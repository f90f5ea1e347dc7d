-- name: remember
-- Keeps the options of an import under the brand of its session ($1), or of the session that takes in the events of its room
-- ($2, $3) from this sender ($4: its brand, if it is bound to one).
INSERT INTO import_options (brand_id, kind, source, options, used_at)
SELECT found.brand_id, $5::text, $6::text, $7::jsonb, $8::timestamptz
FROM (
    SELECT s.brand_id FROM sessions s WHERE s.id = $1::uuid
    UNION
    SELECT st.brand_id FROM streams st
    WHERE st.platform = $2::text AND st.room = $3::text AND CASE WHEN $4::uuid IS NULL THEN st.confirmed ELSE st.brand_id = $4 END
) AS found
ON CONFLICT (brand_id, kind, source) DO UPDATE SET options = excluded.options, used_at = excluded.used_at;

-- name: remembered
-- The options of the last imports, the newest first.
SELECT b.slug AS brand, o.kind, o.source, o.options::text AS options, o.used_at
FROM import_options o
JOIN brands b ON b.id = o.brand_id
WHERE ($1::uuid IS NULL OR o.brand_id = $1) AND ($2::text IS NULL OR b.slug = $2) AND ($3::text IS NULL OR o.kind = $3)
  AND ($4::text IS NULL OR o.source = $4)
ORDER BY o.used_at DESC, b.slug, o.kind, o.source
LIMIT 200;

-- name: begin
-- Records an import that begins.
INSERT INTO imports (id, kind, subject, file_name, imported_by, imported_by_name, imported_at) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: finish
-- Records what an import did.
UPDATE imports SET finished_at = $2, report = $3::jsonb WHERE id = $1;

-- name: of_session
-- The imports that brought events to a session, the newest first; those of earlier versions have no record.
SELECT brought.id, brought.events, i.kind, i.subject, i.file_name, i.imported_by AS by, i.imported_by_name AS name,
       i.imported_at AS at, i.finished_at, i.report::text AS report,
       v.id AS void_id, v.reason AS void_reason, v.voided_by AS void_by, v.voided_at AS void_at
FROM (SELECT e.import_id AS id, count(*) AS events FROM import_events e WHERE e.session_id = $1::uuid GROUP BY e.import_id) AS brought
LEFT JOIN imports i ON i.id = brought.id
LEFT JOIN (SELECT * FROM voids w WHERE w.session_id = $1::uuid AND w.import_id IS NOT NULL) AS v ON v.import_id = brought.id
ORDER BY i.imported_at DESC NULLS LAST, brought.id
LIMIT 200;

-- name: void_effect
-- How many of these events are not void, and how many orders they name.
SELECT count(*) AS events, count(DISTINCT e.data ->> 'order') FILTER (WHERE e.type LIKE 'live.order.%') AS orders
FROM events e
WHERE e.session_id = $1::uuid AND e.event_key = ANY($2::bytea[])
  AND NOT EXISTS (SELECT FROM voided_events d WHERE d.session_id = $1::uuid AND d.event_key = e.event_key);
