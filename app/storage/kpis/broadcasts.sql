-- name: broadcasts
-- What the rooms of sessions reported last. A read of its own: Citus computes no subquery over a distributed table for each row of the
-- catalogue.
SELECT g.session_id, g.platform, g.key AS room, g.latest = 1 AS "on", g.latest_at AS at
FROM gauges g
WHERE g.session_id = ANY($1::uuid[]) AND g.grain = 0 AND g.metric = 'broadcast';
