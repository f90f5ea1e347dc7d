-- name: targets
-- What a session aims at.
SELECT s.targets::text AS targets, s.planned_minutes, s.targets_shared FROM sessions s WHERE s.id = $1::uuid;

-- name: counted_steps
-- What sessions counted in each hundredth of their time: a minute belongs to the step in which it ends, and what came before the
-- start to the first. Each session is one stretch of the primary key.
SELECT n.session_id, c.platform, c.metric,
       least(100, greatest(0, ceil(100 * extract(epoch FROM c.bucket + interval '1 minute' - n.began)
                                   / extract(epoch FROM n.ended - n.began))))::int AS step,
       sum(c.value)::text AS gained
FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) AS n (session_id, began, ended)
JOIN counters c ON c.session_id = n.session_id AND c.grain = 60 AND c.key = '' AND c.bucket < n.ended
WHERE c.metric = ANY($4::text[])
GROUP BY 1, 2, 3, 4;

-- name: sampled_steps
-- The highest total that each room of sessions had reported in each hundredth of their time.
SELECT n.session_id, g.platform, g.room, g.metric,
       least(100, greatest(0, ceil(100 * extract(epoch FROM g.bucket + interval '1 minute' - n.began)
                                   / extract(epoch FROM n.ended - n.began))))::int AS step,
       max(g.highest) AS total
FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) AS n (session_id, began, ended)
JOIN gauges g ON g.session_id = n.session_id AND g.grain = 60 AND g.key = '' AND g.bucket < n.ended
WHERE g.metric = ANY($4::text[])
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1, 2, 3, 4, 5;
