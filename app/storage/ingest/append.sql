-- name: append_events
-- Appends new events to the log, claims their members and customers and merges their durations, in one round trip if the cached
-- sessions with their versions are current and all events are new: what it claims is locked until the commit, and each further round
-- trip would be waited for by all other flushes of the session. If a session has another version or another transaction has locked it,
-- nothing is written. If an event is a duplicate, only the log is written, because its claim could replace the claim of a new event.
-- If a statement is not the first about its order, the log and the ranks are: which events count is known only then.
-- Values that events share (kind_…) are sent once; `kinds` is the index into them. Long columns are joined as in claims.sql. The tables
-- are written in the order of the parts, so that two flushes lock their rows in the same order.
WITH held AS (
    -- A subquery, because Citus cannot read the rows that a CTE itself locks.
    SELECT id FROM (
        SELECT s.id
        FROM unnest(:sessions::uuid[], :versions::text[]) AS remembered (id, version)
        JOIN sessions s USING (id)
        JOIN brands b ON b.id = s.brand_id
        WHERE remembered.version = concat_ws(' ', s.currency, b.catalogue_version, s.rebuild, s.log_dropped_at IS NOT NULL, array_to_string(
            ARRAY(SELECT CASE WHEN st.confirmed THEN '' ELSE '?' END || st.platform || ':' || st.room
                 FROM streams st WHERE st.session_id = s.id ORDER BY 1), ' '))
        ORDER BY s.id
        FOR KEY SHARE OF s SKIP LOCKED
    ) AS locked
), logged AS (
    INSERT INTO events (session_id, event_key, id, source, type, platform, room, occurred_at, received_at, sent_time, data, owner,
                        digest, attributes)
    SELECT (:kind_sessions::uuid[])[kind], substring(:keys::bytea FROM (16 * n - 15)::int FOR 16) AS event_key, id,
           (:kind_sources::text[])[kind], (:kind_types::text[])[kind], (:kind_platforms::text[])[kind], (:kind_rooms::text[])[kind],
           to_timestamp(at::float8 / 1000000), :received_at::timestamptz, to_timestamp(sent::float8 / 1000000), data::json,
           (:kind_owners::text[])[kind],
           NULLIF(substring(:digests::bytea FROM (8 * n - 7)::int FOR 8), '\x0000000000000000'::bytea), attributes::json
    FROM unnest(string_to_array(:kinds, E'\x1f')::int[], string_to_array(:ids, E'\x1f'),
                string_to_array(:occurred_at, E'\x1f')::bigint[], string_to_array(:data, E'\x1f'),
                string_to_array(:sent_times, E'\x1f', '')::bigint[], string_to_array(:attributes, E'\x1f', ''))
        WITH ORDINALITY AS new (kind, id, at, data, sent, attributes, n)
    WHERE (SELECT count(*) FROM held) = cardinality(:sessions)
    ORDER BY event_key, 1  -- two writers of the same events lock them in the same order
    ON CONFLICT (session_id, event_key) DO NOTHING
    RETURNING session_id, event_key
), stated AS (
    -- include: ingest/claims claim_statements where (SELECT count(*) FROM logged) = :count::int
), first AS (
    -- All events are new, and no statement of them replaces another or comes after a newer one.
    SELECT (SELECT count(*) FROM logged) = :count::int AND (SELECT count(*) FROM stated WHERE superseded IS NULL) = :stated::int AS all
), claimed AS (
    -- include: ingest/claims claim_members where (SELECT first.all FROM first)
), bought AS (
    -- include: ingest/claims claim_customers where (SELECT first.all FROM first) AND (SELECT count(*) FROM claimed) >= 0
), lasted AS (
    -- include: ingest/claims merge_spans where (SELECT first.all FROM first) AND (SELECT count(*) FROM bought) >= 0
)
SELECT held.count = cardinality(:sessions) AS held, first.all AS first,
       CASE WHEN logged.count < :count::int
            THEN ARRAY(SELECT event_key || uuid_send(session_id) FROM logged) END AS new,
       CASE WHEN NOT first.all THEN ARRAY(SELECT stated FROM stated) END AS stated,
       claimed.*,
       -- Few: as arrays of rows. Of durations only those that have an end.
       ARRAY(SELECT bought FROM bought) AS bought,
       ARRAY(SELECT lasted FROM lasted WHERE ended_at IS NOT NULL) AS lasted
FROM (SELECT count(*) FROM held) AS held, (SELECT count(*) FROM logged) AS logged, first,
     -- Joined too. Almost all claims are of one session and supersede nothing.
     (SELECT CASE WHEN cardinality(:claim_sessions::uuid[]) > 1 THEN array_agg(session_id) END AS sessions,
             string_agg(set, E'\x1f') AS sets, string_agg(member, ''::bytea) AS members,
             CASE WHEN bool_or(superseded IS NOT NULL) THEN array_agg(superseded) END AS superseded FROM claimed) AS claimed;
