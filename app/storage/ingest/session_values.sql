-- name: session_values
-- The numbers of distinct values of sessions by kind, and those of the given values that are among them.
SELECT v.session_id, v.kind, count(*) AS known, array_agg(v.value) FILTER (WHERE v.value = ANY($3::text[])) AS present
FROM session_values v
WHERE v.session_id = ANY($1::uuid[]) AND v.kind = ANY($2::text[])
GROUP BY v.session_id, v.kind;

-- name: add_session_values
-- Adds distinct values.
INSERT INTO session_values (session_id, kind, value)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[])
ON CONFLICT DO NOTHING;
