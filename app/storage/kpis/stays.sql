-- name: has_exits
-- Whether an exit of a session was counted.
SELECT EXISTS (
    SELECT FROM counters c
    WHERE c.session_id = $1::uuid AND c.grain = 0 AND c.key = '' AND c.metric = 'exits' AND c.value > 0
);

-- name: counts_by_minute
-- Entries, first entries and exits of a session by the minute.
SELECT c.bucket AS minute, coalesce(sum(c.value) FILTER (WHERE c.metric = 'views'), 0)::bigint AS entries,
       coalesce(sum(c.value) FILTER (WHERE c.metric = 'viewers'), 0)::bigint AS first_entries,
       coalesce(sum(c.value) FILTER (WHERE c.metric = 'exits'), 0)::bigint AS exits
FROM counters c
WHERE c.session_id = $1::uuid AND c.grain = 60 AND c.key = '' AND c.metric IN ('views', 'viewers', 'exits')
  AND c.bucket >= $2::timestamptz AND c.bucket < $3::timestamptz
GROUP BY c.bucket;

-- name: counted
-- How many entries and exits of a session are counted, and whether an event of it is void.
SELECT coalesce(sum(c.value) FILTER (WHERE c.metric = 'views'), 0)::bigint AS entries,
       coalesce(sum(c.value) FILTER (WHERE c.metric = 'exits'), 0)::bigint AS exits,
       EXISTS (SELECT 1 FROM voided_events d WHERE d.session_id = $1::uuid) AS any_void
FROM counters c
WHERE c.session_id = $1::uuid AND c.grain = 0 AND c.key = '' AND c.metric IN ('views', 'exits');

-- name: packed
-- Entries and exits of a session as the flushes packed them, in one row for each part of the viewers.
SELECT string_agg(m.entries, '') AS entries, string_agg(m.exits, '') AS exits
FROM movements m
WHERE m.session_id = $1::uuid
GROUP BY m.part;

-- name: memory
-- Memory for the rows of one process until the end of the transaction; the planner sorts what it expects not to have room.
SELECT set_config('work_mem', '64MB', true);

-- name: logged
-- The same from the log, by the first character of the viewer. People are compared by a hash of 64 bits of their pseudonym. It is the
-- first member of the data as we write it: taking it from the text costs a third of reading JSON, which is done only where the text
-- begins otherwise. Expressions stand twice rather than in a subquery that is computed once (OFFSET 0), which would keep PostgreSQL
-- from reading the log in parallel.
SELECT string_agg(int8send(hashtextextended(
           CASE WHEN starts_with(e.data::text, '{"viewer":"') AND strpos(e.data::text, '\') = 0
                THEN split_part(e.data::text, '"', 4) ELSE e.data ->> 'viewer' END COLLATE "C", 0)) || timestamptz_send(e.occurred_at), '')
           FILTER (WHERE e.type = 'live.viewer.entered') AS entries,
       string_agg(int8send(hashtextextended(
           CASE WHEN starts_with(e.data::text, '{"viewer":"') AND strpos(e.data::text, '\') = 0
                THEN split_part(e.data::text, '"', 4) ELSE e.data ->> 'viewer' END COLLATE "C", 0)) || timestamptz_send(e.occurred_at)
           || float8send(coalesce((e.data ->> 'watched_seconds')::float8, 'Infinity')), '')
           FILTER (WHERE e.type = 'live.viewer.left') AS exits
FROM events e
WHERE e.session_id = $1::uuid AND e.type IN ('live.viewer.entered', 'live.viewer.left')
  AND e.event_key NOT IN (SELECT d.event_key FROM voided_events d WHERE d.session_id = $1::uuid)
GROUP BY ascii(CASE WHEN starts_with(e.data::text, '{"viewer":"') AND strpos(e.data::text, '\') = 0
                    THEN substr(e.data::text, 12, 1) ELSE e.data ->> 'viewer' END);
