-- name: exclude
-- Waits for the running flushes of sessions, and excludes further ones until the commit, on Citus. Elsewhere the rows' own locks do so.
SELECT pg_advisory_xact_lock(hashtextextended('flush ' || id, 0)) FROM unnest($1::text[]) AS id
WHERE EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')
ORDER BY id;

-- name: sessions_of_brand
-- The sessions of a brand.
SELECT s.id FROM sessions s WHERE s.brand_id = $1 ORDER BY s.id;

-- name: sessions_between
-- The sessions with ids in a range.
SELECT s.id FROM sessions s WHERE s.id >= $1::uuid AND s.id < $2::uuid ORDER BY s.id;

-- name: hold
-- Holds sessions for a flush until the commit.
SELECT pg_advisory_xact_lock_shared(hashtextextended('flush ' || id, 0)) FROM unnest($1::text[]) AS id ORDER BY id;

-- name: try_hold
-- The same without waiting; returns those that nothing excludes.
SELECT id::uuid FROM unnest($1::text[]) AS id WHERE pg_try_advisory_xact_lock_shared(hashtextextended('flush ' || id, 0));

-- name: current
-- Those of the remembered sessions that have their version still, as in `append_events`.
SELECT s.id
FROM unnest($1::uuid[], $2::text[]) AS remembered (id, version)
JOIN sessions s USING (id)
JOIN brands b ON b.id = s.brand_id
WHERE remembered.version = concat_ws(' ', s.currency, b.catalogue_version, s.rebuild, s.log_dropped_at IS NOT NULL, array_to_string(
    ARRAY(SELECT CASE WHEN st.confirmed THEN '' ELSE '?' END || st.platform || ':' || st.room
          FROM streams st WHERE st.session_id = s.id ORDER BY 1), ' '));

-- name: currencies
-- The currencies of sessions.
SELECT s.id, s.currency FROM sessions s WHERE s.id = ANY($1::uuid[]) ORDER BY s.id;
