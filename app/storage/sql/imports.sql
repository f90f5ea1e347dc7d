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
