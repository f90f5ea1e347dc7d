-- name: actions
-- Events of the desk, the latest first, with their earliest void. The condition on the source is that of a partial index.
SELECT e.event_key, e.id, e.source, e.type, e.occurred_at, e.received_at, e.data::text AS data,
       COALESCE(k.name, p.name) AS name,
       v.id AS void_id, v.voided_by, v.voided_at, v.reason
FROM events e
LEFT JOIN api_keys k ON '/desk/key:' || k.id = e.source
LEFT JOIN people p ON '/desk/' || p.id::text = e.source
LEFT JOIN LATERAL (
    SELECT v.id, v.voided_by, v.voided_at, v.reason
    FROM voided_events d
    JOIN voids v ON v.session_id = d.session_id AND v.id = d.void_id
    WHERE d.session_id = e.session_id AND d.event_key = e.event_key
    ORDER BY v.voided_at, v.id
    LIMIT 1
) v ON TRUE
WHERE e.session_id = $1::uuid AND e.source LIKE '/desk/%' AND e.type = ANY($2::text[])
  AND ($3::timestamptz IS NULL OR (e.occurred_at, e.event_key) < ($3::timestamptz, $4::bytea))
ORDER BY e.occurred_at DESC, e.event_key DESC
LIMIT $5::int;
