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
-- Entries and exits of a session by the minute. They are counted already; how long viewers stayed only the log tells. A viewer's exit
-- that follows their entry ends a stay; of an entry and an exit at one moment the exit is first, so that a page that was loaded again is
-- no stay of no length. A stay is as long as the sender measured, else as the time between; its minute is that of its entry. A viewer
-- who entered again is one who came back, in the minute of their first entry: of the rows of entries only the second has it. People are
-- compared by a hash of 64 bits of their pseudonym, which is sorted faster. It is the first member of the data as we write it: taking it
-- from the text costs a third of reading JSON, which is done only where the text begins otherwise. OFFSET 0 has a length computed once.
WITH moves AS (
    SELECT hashtextextended(CASE WHEN left(e.data::text, 11) = '{"viewer":"' AND strpos(e.data::text, '\') = 0
                                 THEN split_part(e.data::text, '"', 4) ELSE e.data ->> 'viewer' END COLLATE "C", 0) AS viewer,
           e.occurred_at AS at, CASE WHEN e.type = 'live.viewer.entered' THEN e.occurred_at END AS entered,
           CASE WHEN e.type = 'live.viewer.left' THEN (e.data ->> 'watched_seconds')::float8 END AS watched
    FROM events e
    WHERE e.session_id = $1::uuid AND e.type IN ('live.viewer.entered', 'live.viewer.left')
      AND e.event_key NOT IN (SELECT d.event_key FROM voided_events d WHERE d.session_id = $1::uuid)
), known AS (
    SELECT at, entered, watched, lag(entered) OVER viewer AS entered_before, min(entered) OVER viewer AS first_entered,
           count(entered) OVER viewer AS entries
    FROM moves
    WINDOW viewer AS (PARTITION BY viewer ORDER BY at, entered NULLS FIRST, watched ROWS UNBOUNDED PRECEDING)
), ended AS (
    SELECT date_bin('1 minute', CASE WHEN entered IS NULL THEN coalesce(entered_before, at - make_interval(secs => watched))
                                     WHEN entries = 2 THEN first_entered END, 'epoch'::timestamptz) AS began,
           CASE WHEN entered IS NULL
                THEN coalesce(round(watched * 1000), round(extract(epoch FROM at - entered_before) * 1000))::bigint END AS ms
    FROM known
    OFFSET 0
), grouped AS MATERIALIZED (
    SELECT began, width_bucket(ms, $2::bigint[]) AS reached, count(*) AS number, sum(ms) AS ms
    FROM ended
    GROUP BY 1, 2
), parts AS (
    SELECT c.bucket AS minute, CASE c.metric WHEN 'views' THEN c.value ELSE 0 END AS entries,
           CASE c.metric WHEN 'viewers' THEN c.value ELSE 0 END AS first_entries, 0 AS came_back,
           CASE c.metric WHEN 'exits' THEN c.value ELSE 0 END AS exits, 0 AS stays, 0 AS ms, 0 AS reached
    FROM counters c
    WHERE c.session_id = $1::uuid AND c.grain = 60 AND c.key = '' AND c.metric IN ('views', 'viewers', 'exits')
    UNION ALL
    SELECT began, 0, 0, CASE WHEN reached IS NULL THEN number ELSE 0 END, 0, CASE WHEN reached IS NULL THEN 0 ELSE number END,
           coalesce(ms, 0), coalesce(reached, 0)
    FROM grouped
    WHERE began IS NOT NULL
)
SELECT minute, sum(entries)::bigint AS entries, sum(first_entries)::bigint AS first_entries, sum(came_back)::bigint AS came_back,
       sum(exits)::bigint AS exits, sum(stays)::bigint AS stays, sum(ms)::bigint AS ms,
       coalesce(sum(stays) FILTER (WHERE reached >= 1), 0)::bigint AS stayed_1, coalesce(sum(stays) FILTER (WHERE reached >= 2), 0)::bigint AS stayed_2,
       coalesce(sum(stays) FILTER (WHERE reached >= 3), 0)::bigint AS stayed_3, coalesce(sum(stays) FILTER (WHERE reached >= 4), 0)::bigint AS stayed_4,
       coalesce(sum(stays) FILTER (WHERE reached >= 5), 0)::bigint AS stayed_5
FROM parts
WHERE minute >= $3::timestamptz AND minute < $4::timestamptz
GROUP BY minute
ORDER BY minute;
