-- name: claim_members
-- The earliest event that names a member owns it. Returns a row if the claim is new or replaces the claim of a later event,
-- whose key is then in `superseded`. `claim_places` is the index into the sessions; long columns are joined: texts and numbers with
-- the unit separator, which no field may contain, and keys of 16 bytes without a separator.
INSERT INTO members AS m (session_id, set, member, at, event_key)
SELECT (:claim_sessions::uuid[])[session], set, substring(:members::bytea FROM (16 * n - 15)::int FOR 16),
       to_timestamp(at::float8 / 1000000), substring(:claim_events::bytea FROM (16 * n - 15)::int FOR 16)
FROM unnest(string_to_array(:claim_places, E'\x1f')::int[], string_to_array(:sets, E'\x1f'),
            string_to_array(:moments, E'\x1f')::bigint[])
    WITH ORDINALITY AS new (session, set, at, n)
ON CONFLICT (session_id, set, member) DO UPDATE
SET superseded = m.event_key, at = excluded.at, event_key = excluded.event_key
WHERE (excluded.at, excluded.event_key) < (m.at, m.event_key)
RETURNING session_id, set, member, superseded;

-- name: claim_statements
-- The same for statements: the rank, which is not as long as a key, takes the place of the event and its time.
INSERT INTO members AS m (session_id, set, member, at, event_key)
SELECT (:rank_sessions::uuid[])[session], 'statement', substring(:ranked::bytea FROM (16 * n - 15)::int FOR 16), to_timestamp(0),
       decode(rank, 'hex')
FROM unnest(string_to_array(:rank_places, E'\x1f')::int[], string_to_array(:ranks, E'\x1f'))
    WITH ORDINALITY AS new (session, rank, n)
ON CONFLICT (session_id, set, member) DO UPDATE
SET superseded = m.event_key, event_key = excluded.event_key
WHERE excluded.event_key < m.event_key
RETURNING session_id, member, superseded;

-- name: members
-- Members by their keys.
SELECT m.session_id, m.member, m.event_key
FROM unnest($1::uuid[], $2::text[], $3::bytea[]) AS wanted (session_id, set, member)
JOIN members m USING (session_id, set, member);

-- name: claim_customers
-- The same for all sessions of a brand: a buyer's first purchase and its session. The places are the indexes into brands and sessions.
INSERT INTO customers AS c (brand_id, member, session_id, at, event_key)
SELECT (:customer_brands::uuid[])[brand], substring(:customers::bytea FROM (16 * n - 15)::int FOR 16),
       (:customer_sessions::uuid[])[session], to_timestamp(at::float8 / 1000000),
       substring(:customer_events::bytea FROM (16 * n - 15)::int FOR 16)
FROM unnest(string_to_array(:brand_places, E'\x1f')::int[], string_to_array(:customer_places, E'\x1f')::int[],
            string_to_array(:customer_moments, E'\x1f')::bigint[])
    WITH ORDINALITY AS new (brand, session, at, n)
ON CONFLICT (brand_id, member) DO UPDATE
SET superseded = c.event_key, superseded_session = c.session_id,
    session_id = excluded.session_id, at = excluded.at, event_key = excluded.event_key
WHERE (excluded.at, excluded.event_key, excluded.session_id) < (c.at, c.event_key, c.session_id)
RETURNING member, session_id, superseded_session, superseded;

-- name: merge_spans
-- Stores the earliest of both ends; columns as above. Returns the previous values too, so that a changed duration can be subtracted from the
-- sums and the new one added.
INSERT INTO spans AS s (session_id, kind, member, platform, started_at, ended_at, ended_key, given_ms)
SELECT (:span_sessions::uuid[])[scope], kind, substring(:span_members::bytea FROM (16 * n - 15)::int FOR 16), (:span_platforms::text[])[scope],
       to_timestamp(started_at::float8 / 1000000), to_timestamp(ended_at::float8 / 1000000), decode(ended_key, 'hex'), given_ms
FROM unnest(string_to_array(:span_scopes, E'\x1f')::int[], string_to_array(:span_kinds, E'\x1f'), string_to_array(:started_at, E'\x1f', '')::bigint[],
            string_to_array(:ended_at, E'\x1f', '')::bigint[], string_to_array(:ended_keys, E'\x1f', ''),
            string_to_array(:given_ms, E'\x1f', '')::bigint[])
    WITH ORDINALITY AS new (scope, kind, started_at, ended_at, ended_key, given_ms, n)
ON CONFLICT (session_id, kind, member) DO UPDATE
SET was_started_at = s.started_at, was_ended_at = s.ended_at, was_given_ms = s.given_ms,
    started_at = LEAST(s.started_at, excluded.started_at),
    given_ms = CASE WHEN (s.ended_at, s.ended_key) <= (excluded.ended_at, excluded.ended_key)
                         OR excluded.ended_at IS NULL THEN s.given_ms ELSE excluded.given_ms END,
    ended_key = CASE WHEN (s.ended_at, s.ended_key) <= (excluded.ended_at, excluded.ended_key)
                          OR excluded.ended_at IS NULL THEN s.ended_key ELSE excluded.ended_key END,
    ended_at = LEAST(s.ended_at, excluded.ended_at)
RETURNING session_id, kind, platform, started_at, ended_at, given_ms, was_started_at, was_ended_at, was_given_ms;
