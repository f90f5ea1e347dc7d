-- name: find_sessions
-- The sessions that are named by id or by one of their streams. The version covers all columns that the fold uses;
-- `append_events` compares it with the row that it locks. A room whose
-- registration is not confirmed has a leading question mark.
SELECT s.id, s.brand_id, s.currency, b.catalogue_version, r.platforms, r.rooms,
       s.rebuild IS NOT NULL AS rebuilding, s.log_dropped_at IS NOT NULL AS log_dropped,
       concat_ws(' ', s.currency, b.catalogue_version, s.rebuild, s.log_dropped_at IS NOT NULL, array_to_string(r.rooms, ' ')) AS version
FROM sessions s
JOIN brands b ON b.id = s.brand_id
CROSS JOIN LATERAL (
    SELECT ARRAY(SELECT st.platform FROM streams st WHERE st.session_id = s.id ORDER BY 1) AS platforms,
           ARRAY(SELECT CASE WHEN st.confirmed THEN '' ELSE '?' END || st.platform || ':' || st.room
                 FROM streams st WHERE st.session_id = s.id ORDER BY 1) AS rooms
) r
WHERE s.id IN (
    SELECT unnest($1::uuid[])
    UNION
    SELECT st.session_id
    FROM unnest($2::text[], $3::text[]) AS named (platform, room)
    JOIN streams st USING (platform, room)
);

-- name: lock_sessions
-- The currencies of sessions, locked against deletion and rebuild until the commit.
SELECT s.id, s.currency FROM sessions s WHERE s.id = ANY($1::uuid[]) ORDER BY s.id FOR KEY SHARE OF s;

-- name: available_sessions
-- Those of the sessions that no other transaction has locked, or that do not exist.
SELECT wanted.id
FROM unnest($1::uuid[]) AS wanted (id)
WHERE wanted.id NOT IN (SELECT s.id FROM sessions s WHERE s.id = ANY($1::uuid[]))
UNION ALL
SELECT id FROM (SELECT s.id FROM sessions s WHERE s.id = ANY($1::uuid[]) ORDER BY s.id FOR KEY SHARE OF s SKIP LOCKED) AS free;

-- name: brand_aliases
-- Alias → code of a brand's catalogue.
SELECT a.alias, p.code
FROM product_aliases a
JOIN products p ON p.id = a.product_id
WHERE a.brand_id = $1::uuid;

-- name: forgotten_orders
-- Orders of customers of a brand who were forgotten. The schema is named, since a rebuild hides the table of sessions.
SELECT f.session_id, f.platform, f.order_id, f.buyer, f.elsewhere
FROM forgotten_orders f
JOIN public.sessions s ON s.id = f.session_id
WHERE s.brand_id = $1::uuid
ORDER BY f.buyer;

-- name: logged_digests
-- Digests of the content of a session's logged events. One session at a time: PostgreSQL then looks into one partition of the log.
SELECT e.event_key, e.digest FROM events e WHERE e.session_id = $1::uuid AND e.event_key = ANY($2::bytea[]);

-- name: logged_events
-- Events of a session's log by their keys.
SELECT e.session_id, e.event_key, e.id, e.source, e.type, e.platform, e.room, e.occurred_at, e.sent_time, e.data::text AS data
FROM events e
WHERE e.session_id = $1::uuid AND e.event_key = ANY($2::bytea[]);

-- name: add_counters
-- Adds to sums. `scopes` is the index into sessions and platforms; long columns are joined as in claims.sql. `contributions` is the number of a
-- sum's contributions: a sum of zero is a figure while it has one. New seconds stand first: the WAL of an update omits a common end.
INSERT INTO counters AS c (session_id, grain, key, bucket, platform, metric, value, contributions, seconds)
SELECT (:sessions::uuid[])[scope], grain, substr(key, 2), to_timestamp(bucket::float8 / 1000000), (:platforms::text[])[scope], metric, value,
       contributions, seconds
FROM unnest(string_to_array(:scopes, E'\x1f')::int[], string_to_array(:grains, E'\x1f')::smallint[], string_to_array(:keys, E'\x1f'),
            string_to_array(:buckets, E'\x1f')::bigint[], string_to_array(:metrics, E'\x1f'), string_to_array(:values, E'\x1f')::numeric[],
            string_to_array(:contributions, E'\x1f')::bigint[], string_to_array(:seconds, E'\x1f', ''))
    AS new (scope, grain, key, bucket, metric, value, contributions, seconds)
ON CONFLICT (session_id, grain, key, bucket, platform, metric) DO UPDATE
SET value = c.value + excluded.value, contributions = c.contributions + excluded.contributions,
    seconds = CASE WHEN excluded.seconds IS NULL OR c.seconds IS NULL THEN COALESCE(c.seconds, excluded.seconds)
                   WHEN length(c.seconds) < 1500 THEN excluded.seconds || ',' || c.seconds
                   ELSE compact_seconds(excluded.seconds || ',' || c.seconds) END;

-- name: drop_empty
-- Deletes sums whose last contribution was reverted; the last column tells whether the seconds of a minute do not cancel out.
DELETE FROM counters c
USING unnest($1::uuid[], $2::smallint[], $3::text[], $4::timestamptz[], $5::text[], $6::text[])
    AS lowered (session_id, grain, key, bucket, platform, metric)
WHERE c.session_id = lowered.session_id AND c.grain = lowered.grain AND c.key = lowered.key
  AND c.bucket = lowered.bucket AND c.platform = lowered.platform AND c.metric = lowered.metric
  AND c.contributions <= 0 AND c.value = 0
RETURNING c.session_id, c.key, c.bucket, c.platform, c.metric, c.seconds IS NOT NULL AND compact_seconds(c.seconds) IS NOT NULL;

-- name: drop_former_seconds
-- Deletes the sums by the second of a former version whose minute is gone: its parts had made up for them.
DELETE FROM counters c
USING unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::timestamptz[])
    AS dropped (session_id, key, minute, platform, metric, ends)
WHERE c.session_id = dropped.session_id AND c.grain = 1 AND c.key = dropped.key AND c.bucket >= dropped.minute AND c.bucket < dropped.ends
  AND c.platform = dropped.platform AND c.metric = dropped.metric
RETURNING 1;

-- name: merge_samples
-- Stores the latest sample (the greater event key wins a tie) and the highest.
INSERT INTO gauges AS g (session_id, grain, key, bucket, platform, room, metric, latest, latest_at, latest_key, highest)
SELECT * FROM unnest(:sessions::uuid[], :grains::smallint[], :keys::text[], :buckets::timestamptz[], :platforms::text[],
                     :rooms::text[], :metrics::text[], :latest::bigint[], :latest_at::timestamptz[], :latest_keys::bytea[], :highest::bigint[])
ON CONFLICT (session_id, grain, key, bucket, platform, room, metric) DO UPDATE
SET latest = CASE WHEN (excluded.latest_at, excluded.latest_key) > (g.latest_at, g.latest_key)
                  THEN excluded.latest ELSE g.latest END,
    latest_key = CASE WHEN (excluded.latest_at, excluded.latest_key) > (g.latest_at, g.latest_key)
                      THEN excluded.latest_key ELSE g.latest_key END,
    latest_at = GREATEST(excluded.latest_at, g.latest_at),
    highest = GREATEST(excluded.highest, g.highest);

-- name: merge_orders
-- Merges orders: the earliest time of each state wins, the content of a payment replaces that of a placement, refunded
-- amounts add up. An order keeps what is known now of its buyer, who is looked up as a viewer (`entrants`); reads look for what
-- changes later. `scopes` is the index into sessions and platforms; long columns are joined, except those that hold a sender's texts.
INSERT INTO orders AS o (session_id, platform, order_id, told_rank, told_at, told_key, buyer, amount, lines,
                         refunded_amount, placed_at, paid_at, cancelled_at, refunded_at,
                         shipped_at, shipped_key, carrier, tracking, delivered_at, buyer_arrival, buyer_counted)
SELECT (:sessions::uuid[])[scope], (:platforms::text[])[scope], order_id, told_rank, to_timestamp(told_at::float8 / 1000000),
       decode(substr(told_key, 2), 'hex'), buyer, amount, lines::json, refunded_amount,
       to_timestamp(placed_at::float8 / 1000000), to_timestamp(paid_at::float8 / 1000000),
       to_timestamp(cancelled_at::float8 / 1000000), to_timestamp(refunded_at::float8 / 1000000),
       to_timestamp(shipped_at::float8 / 1000000), decode(shipped_key, 'hex'), carrier, tracking,
       to_timestamp(delivered_at::float8 / 1000000), (
           -- Not joined: of empty tables PostgreSQL keeps a plan that reads all events of the session for each order.
           SELECT concat(e.data ->> 'source', '|', '|' || (e.data ->> 'paid')::boolean::int)
           FROM events e
           WHERE e.session_id = (:sessions::uuid[])[scope] AND e.event_key = (
               SELECT v.event_key FROM members v
               WHERE v.session_id = (:sessions::uuid[])[scope] AND v.set = 'viewer' AND v.member = decode(entrant, 'hex'))
       ), buyer_counted
FROM unnest(string_to_array(:scopes, E'\x1f')::int[], :orders::text[], string_to_array(:ranks, E'\x1f')::smallint[],
            string_to_array(:told_at, E'\x1f')::bigint[], string_to_array(:told_keys, E'\x1f'), :buyers::text[],
            string_to_array(:amounts, E'\x1f', '')::bigint[], string_to_array(:lines, E'\x1f', ''),
            string_to_array(:refunded_amounts, E'\x1f')::numeric[], string_to_array(:placed_at, E'\x1f', '')::bigint[],
            string_to_array(:paid_at, E'\x1f', '')::bigint[], string_to_array(:cancelled_at, E'\x1f', '')::bigint[],
            string_to_array(:refunded_at, E'\x1f', '')::bigint[], string_to_array(:shipped_at, E'\x1f', '')::bigint[],
            string_to_array(:shipped_keys, E'\x1f', ''), :carriers::text[], :trackings::text[],
            string_to_array(:delivered_at, E'\x1f', '')::bigint[], string_to_array(:entrants, E'\x1f', ''), :buyers_counted::boolean[])
    AS new (scope, order_id, told_rank, told_at, told_key, buyer, amount, lines, refunded_amount, placed_at, paid_at,
            cancelled_at, refunded_at, shipped_at, shipped_key, carrier, tracking, delivered_at, entrant, buyer_counted)
ON CONFLICT (session_id, platform, order_id) DO UPDATE
SET buyer = CASE WHEN (excluded.told_rank, excluded.told_at, excluded.told_key) < (o.told_rank, o.told_at, o.told_key)
                 THEN excluded.buyer ELSE o.buyer END,
    buyer_arrival = CASE WHEN (excluded.told_rank, excluded.told_at, excluded.told_key) < (o.told_rank, o.told_at, o.told_key)
                         THEN excluded.buyer_arrival ELSE o.buyer_arrival END,
    buyer_counted = CASE WHEN (excluded.told_rank, excluded.told_at, excluded.told_key) < (o.told_rank, o.told_at, o.told_key)
                         THEN excluded.buyer_counted ELSE o.buyer_counted END,
    amount = CASE WHEN (excluded.told_rank, excluded.told_at, excluded.told_key) < (o.told_rank, o.told_at, o.told_key)
                  THEN excluded.amount ELSE o.amount END,
    lines = CASE WHEN (excluded.told_rank, excluded.told_at, excluded.told_key) < (o.told_rank, o.told_at, o.told_key)
                 THEN excluded.lines ELSE o.lines END,
    told_key = CASE WHEN (excluded.told_rank, excluded.told_at, excluded.told_key) < (o.told_rank, o.told_at, o.told_key)
                    THEN excluded.told_key ELSE o.told_key END,
    told_at = CASE WHEN (excluded.told_rank, excluded.told_at, excluded.told_key) < (o.told_rank, o.told_at, o.told_key)
                   THEN excluded.told_at ELSE o.told_at END,
    told_rank = LEAST(excluded.told_rank, o.told_rank),
    refunded_amount = o.refunded_amount + excluded.refunded_amount,
    placed_at = LEAST(o.placed_at, excluded.placed_at),
    paid_at = LEAST(o.paid_at, excluded.paid_at),
    cancelled_at = LEAST(o.cancelled_at, excluded.cancelled_at),
    refunded_at = LEAST(o.refunded_at, excluded.refunded_at),
    carrier = CASE WHEN (o.shipped_at, o.shipped_key) <= (excluded.shipped_at, excluded.shipped_key)
                        OR excluded.shipped_at IS NULL THEN o.carrier ELSE excluded.carrier END,
    tracking = CASE WHEN (o.shipped_at, o.shipped_key) <= (excluded.shipped_at, excluded.shipped_key)
                         OR excluded.shipped_at IS NULL THEN o.tracking ELSE excluded.tracking END,
    shipped_key = CASE WHEN (o.shipped_at, o.shipped_key) <= (excluded.shipped_at, excluded.shipped_key)
                            OR excluded.shipped_at IS NULL THEN o.shipped_key ELSE excluded.shipped_key END,
    shipped_at = LEAST(o.shipped_at, excluded.shipped_at),
    delivered_at = LEAST(o.delivered_at, excluded.delivered_at);

-- name: first_entries
-- Where some viewers of a session ($2) came from first, as the key of their arrival without the fan level. For Citus: it joins the
-- temporary members of a rebuild with the log, and refuses a subquery on the log for each of them.
SELECT v.member, concat(e.data ->> 'source', '|', '|' || (e.data ->> 'paid')::boolean::int) AS arrival
FROM members v
JOIN events e ON e.session_id = v.session_id AND e.event_key = v.event_key
WHERE v.session_id = $1::uuid AND v.set = 'viewer' AND v.member = ANY($2::bytea[]);

-- name: set_session_clock
-- The start and the end of the session: the first start, the last end.
UPDATE sessions s
SET started_at = LEAST(s.started_at, new.started_at), ended_at = GREATEST(s.ended_at, new.ended_at)
FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) AS new (id, started_at, ended_at)
WHERE s.id = new.id
  AND (new.started_at < s.started_at OR (s.started_at IS NULL AND new.started_at IS NOT NULL)
       OR new.ended_at > s.ended_at OR (s.ended_at IS NULL AND new.ended_at IS NOT NULL));
