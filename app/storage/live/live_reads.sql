-- name: fingerprints
-- What tells that a watched session's figures may have changed: a digest of its whole-session rows, in any order, and what
-- the catalogue says of it. No event changes a figure without changing one of these rows; an event that only corrects the past
-- (a late sample of a stock) is the exception. A session without a row of its own is gone. Rows of the catalogue are digested
-- whole, so that a new column is watched; of the others, what readers see.
SELECT c.session_id, 'counters' AS part, sum(hash_record_extended(ROW(c.key, c.platform, c.metric, c.value), 0)) AS mark
FROM counters c
WHERE c.session_id = ANY($1::uuid[]) AND c.grain = 0
GROUP BY c.session_id
UNION ALL
SELECT g.session_id, 'gauges', sum(hash_record_extended(ROW(g.key, g.platform, g.room, g.metric, g.latest, g.latest_at, g.highest), 0))
FROM gauges g
WHERE g.session_id = ANY($1::uuid[]) AND g.grain = 0
GROUP BY g.session_id
UNION ALL
SELECT l.session_id, 'lineup', sum(hash_record_extended(ROW(l.*), 0))
FROM lineup l
WHERE l.session_id = ANY($1::uuid[])
GROUP BY l.session_id
UNION ALL
SELECT s.id, 'session',
       hash_record_extended(ROW(s.*), 0)::numeric + b.catalogue_version
FROM sessions s
JOIN brands b ON b.id = s.brand_id
WHERE s.id = ANY($1::uuid[])
UNION ALL
SELECT st.session_id, 'streams', sum(hash_record_extended(ROW(st.*), 0))
FROM streams st
WHERE st.session_id = ANY($1::uuid[])
GROUP BY st.session_id
UNION ALL
SELECT a.session_id, 'alerts', sum(hash_record_extended(ROW(a.alert, a.taken_by, a.taken_at, a.snoozed_by, a.snoozed_until), 0))
FROM alerts a
WHERE a.session_id = ANY($1::uuid[])
GROUP BY a.session_id
UNION ALL
SELECT m.session_id, 'marks', sum(hash_record_extended(ROW(m.*), 0))
FROM marks m
WHERE m.session_id = ANY($1::uuid[])
GROUP BY m.session_id;

-- name: open_requests
-- Support requests between two moments that have no answer: how many came before the limit's moment, and the first.
SELECT count(*) AS waiting, min(s.started_at) AS since
FROM spans s
WHERE s.session_id = $1::uuid AND s.kind = 'response' AND s.ended_at IS NULL
  AND s.started_at > $2::timestamptz AND s.started_at < $3::timestamptz;
