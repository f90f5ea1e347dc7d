-- name: has_exits
-- Whether an exit of a session was counted.
SELECT EXISTS (
    SELECT FROM counters c
    WHERE c.session_id = $1::uuid AND c.grain = 0 AND c.key = '' AND c.metric = 'exits' AND c.value > 0
);

-- name: memory
-- Memory for one sort or hash table until the end of the transaction; what does not fit is on disk.
SELECT set_config('work_mem', '64MB', true);

-- name: stays
-- Entries and exits of a session by the minute. Entries are counted already; how long they stayed only the log tells. A viewer's exit
-- that follows their entry ends a stay; of an entry and an exit at one moment the exit is first, so that a page that was loaded again is
-- no stay of no length. A stay is as long as the sender measured, else as the time between; its minute is that of its entry. A viewer
-- who entered again is one who came back, in the minute of their first entry. People are compared by a hash of 64 bits of their
-- pseudonym, which is sorted faster.
WITH moves AS (
    SELECT hashtextextended(e.data ->> 'viewer', 0) AS viewer, e.occurred_at AS at,
           CASE WHEN e.type = 'live.viewer.entered' THEN e.occurred_at END AS entered,
           CASE WHEN e.type = 'live.viewer.left' THEN (e.data ->> 'watched_seconds')::float8 END AS watched
    FROM events e
    WHERE e.session_id = $1::uuid AND e.type IN ('live.viewer.entered', 'live.viewer.left')
      AND e.event_key NOT IN (SELECT d.event_key FROM voided_events d WHERE d.session_id = $1::uuid)
), known AS MATERIALIZED (
    SELECT viewer, at, entered, watched,
           lag(entered) OVER (PARTITION BY viewer ORDER BY at, entered NULLS FIRST, watched) AS entered_before
    FROM moves
), exits AS (
    SELECT date_bin('1 minute', at, 'epoch'::timestamptz) AS minute,
           date_bin('1 minute', coalesce(entered_before, at - make_interval(secs => watched)), 'epoch'::timestamptz) AS entered,
           coalesce(round(watched * 1000), round(extract(epoch FROM at - entered_before) * 1000))::bigint AS ms
    FROM known
    WHERE entered IS NULL
), left_by_minute AS MATERIALIZED (
    SELECT minute, entered, count(*) AS exits, count(ms) AS stays, sum(ms) AS ms,
           count(*) FILTER (WHERE ms >= ($2::bigint[])[1]) AS stayed_1, count(*) FILTER (WHERE ms >= ($2::bigint[])[2]) AS stayed_2,
           count(*) FILTER (WHERE ms >= ($2::bigint[])[3]) AS stayed_3, count(*) FILTER (WHERE ms >= ($2::bigint[])[4]) AS stayed_4,
           count(*) FILTER (WHERE ms >= ($2::bigint[])[5]) AS stayed_5
    FROM exits
    GROUP BY 1, 2
), parts AS (
    SELECT c.bucket AS minute, CASE c.metric WHEN 'views' THEN c.value ELSE 0 END AS entries,
           CASE c.metric WHEN 'viewers' THEN c.value ELSE 0 END AS first_entries, 0 AS came_back, 0 AS exits, 0 AS stays, 0 AS ms,
           0 AS stayed_1, 0 AS stayed_2, 0 AS stayed_3, 0 AS stayed_4, 0 AS stayed_5
    FROM counters c
    WHERE c.session_id = $1::uuid AND c.grain = 60 AND c.key = '' AND c.metric IN ('views', 'viewers')
    UNION ALL
    SELECT date_bin('1 minute', again.first_at, 'epoch'::timestamptz), 0, 0, count(*), 0, 0, 0, 0, 0, 0, 0, 0
    FROM (SELECT min(entered) AS first_at FROM known WHERE entered IS NOT NULL GROUP BY viewer HAVING count(*) > 1) AS again
    GROUP BY 1
    UNION ALL
    SELECT minute, 0, 0, 0, exits, 0, 0, 0, 0, 0, 0, 0 FROM left_by_minute
    UNION ALL
    SELECT entered, 0, 0, 0, 0, stays, ms, stayed_1, stayed_2, stayed_3, stayed_4, stayed_5 FROM left_by_minute WHERE stays > 0
)
SELECT minute, sum(entries)::bigint AS entries, sum(first_entries)::bigint AS first_entries, sum(came_back)::bigint AS came_back,
       sum(exits)::bigint AS exits, sum(stays)::bigint AS stays, sum(ms)::bigint AS ms,
       sum(stayed_1)::bigint AS stayed_1, sum(stayed_2)::bigint AS stayed_2, sum(stayed_3)::bigint AS stayed_3,
       sum(stayed_4)::bigint AS stayed_4, sum(stayed_5)::bigint AS stayed_5
FROM parts
WHERE minute >= $3::timestamptz AND minute < $4::timestamptz
GROUP BY minute
ORDER BY minute;
