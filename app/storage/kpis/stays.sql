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
-- Entries and exits of a session by the minute, from the log. A viewer's exit that follows their entry ends a stay; of an entry and
-- an exit at one moment the exit is first, so that a page that was loaded again is no stay of no length. A stay is as long as the
-- sender measured, else as the time between; its minute is that of its entry. A viewer who entered again is one who came back,
-- in the minute of their first entry. People are compared by a hash of 64 bits of their pseudonym, which is sorted faster.
WITH moves AS (
    SELECT hashtextextended(e.data ->> 'viewer', 0) AS viewer, e.occurred_at AS at, e.type = 'live.viewer.left' AS leaves,
           CASE WHEN e.type = 'live.viewer.left' THEN (e.data ->> 'watched_seconds')::float8 END AS watched
    FROM events e
    WHERE e.session_id = $1::uuid AND e.type IN ('live.viewer.entered', 'live.viewer.left')
      AND NOT EXISTS (
          SELECT FROM voided_events d WHERE d.session_id = $1::uuid AND d.event_key = e.event_key
      )
), known AS (
    SELECT leaves, at, watched,
           lag(at) OVER entries AS last_at, lag(leaves) OVER entries AS left_before,
           count(*) FILTER (WHERE NOT leaves) OVER entries AS entry, min(at) FILTER (WHERE NOT leaves) OVER entries AS first_at
    FROM moves
    WINDOW entries AS (PARTITION BY viewer ORDER BY at, leaves DESC, watched ROWS UNBOUNDED PRECEDING)
), stays AS MATERIALIZED (
    SELECT leaves, at, entry, first_at,
           CASE WHEN NOT leaves THEN NULL
                WHEN left_before = false THEN last_at
                WHEN watched IS NOT NULL THEN at - make_interval(secs => watched) END AS entered_at,
           CASE WHEN NOT leaves THEN NULL
                WHEN watched IS NOT NULL THEN round(watched * 1000)
                WHEN left_before = false THEN round(extract(epoch FROM at - last_at) * 1000) END::bigint AS ms
    FROM known
), parts AS MATERIALIZED (
    SELECT date_bin('1 minute', at, 'epoch'::timestamptz) AS minute,
           count(*) FILTER (WHERE NOT leaves) AS entries, count(*) FILTER (WHERE entry = 1 AND NOT leaves) AS first_entries,
           0 AS came_back, count(*) FILTER (WHERE leaves) AS exits, 0 AS stays, 0 AS ms,
           0 AS stayed_1, 0 AS stayed_2, 0 AS stayed_3, 0 AS stayed_4, 0 AS stayed_5
    FROM stays
    GROUP BY 1
    UNION ALL
    SELECT date_bin('1 minute', first_at, 'epoch'::timestamptz), 0, 0, count(*), 0, 0, 0, 0, 0, 0, 0, 0
    FROM stays
    WHERE entry = 2 AND NOT leaves
    GROUP BY 1
    UNION ALL
    SELECT date_bin('1 minute', entered_at, 'epoch'::timestamptz), 0, 0, 0, 0, count(*), sum(ms),
           count(*) FILTER (WHERE ms >= ($2::bigint[])[1]), count(*) FILTER (WHERE ms >= ($2::bigint[])[2]),
           count(*) FILTER (WHERE ms >= ($2::bigint[])[3]), count(*) FILTER (WHERE ms >= ($2::bigint[])[4]),
           count(*) FILTER (WHERE ms >= ($2::bigint[])[5])
    FROM stays
    WHERE ms IS NOT NULL
    GROUP BY 1
)
SELECT minute, sum(entries)::bigint AS entries, sum(first_entries)::bigint AS first_entries, sum(came_back)::bigint AS came_back,
       sum(exits)::bigint AS exits, sum(stays)::bigint AS stays, sum(ms)::bigint AS ms,
       sum(stayed_1)::bigint AS stayed_1, sum(stayed_2)::bigint AS stayed_2, sum(stayed_3)::bigint AS stayed_3,
       sum(stayed_4)::bigint AS stayed_4, sum(stayed_5)::bigint AS stayed_5
FROM parts
WHERE minute >= $3::timestamptz AND minute < $4::timestamptz
GROUP BY minute
ORDER BY minute;
