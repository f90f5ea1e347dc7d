-- name: totals
-- Tickets of a session that were requested, those of them that wait for an answer, and since when.
SELECT count(s.started_at) AS tickets, count(*) FILTER (WHERE s.ended_at IS NULL) AS waiting,
       min(s.started_at) FILTER (WHERE s.ended_at IS NULL) AS waiting_since
FROM spans s
WHERE s.session_id = $1 AND s.kind = 'response';

-- name: requests
-- Tickets by the quarter of an hour in which they were requested, in the order of time.
SELECT date_bin('15 minutes', s.started_at, timestamptz 'epoch') AS quarter, count(*) AS tickets
FROM spans s
WHERE s.session_id = $1 AND s.kind = 'response' AND s.started_at IS NOT NULL
GROUP BY quarter
ORDER BY quarter
LIMIT $2;

-- name: responses
-- Response times of the whole session ($2 false; one row), or by the quarter of an hour of the answer ($2 true). `low` and `high` are
-- the two values around the median and around the 90th percentile; they are interpolated elsewhere. The duration is rounded as the
-- fold rounds it.
WITH answered AS (
    SELECT CASE WHEN $2 THEN date_bin('15 minutes', s.ended_at, timestamptz 'epoch') END AS quarter,
           coalesce(s.given_ms, greatest(0, round(extract(epoch FROM s.ended_at - s.started_at)::float8 * 1000)::bigint)) AS ms
    FROM spans s
    WHERE s.session_id = $1 AND s.kind = 'response' AND s.ended_at IS NOT NULL AND (s.given_ms IS NOT NULL OR s.started_at IS NOT NULL)
), ranked AS (
    SELECT quarter, ms, row_number() OVER (PARTITION BY quarter ORDER BY ms) - 1 AS place, count(*) OVER (PARTITION BY quarter) - 1 AS last
    FROM answered
)
SELECT quarter, count(*) AS answered, sum(ms)::bigint AS total_ms, count(*) FILTER (WHERE ms > $3) AS slow,
       max(ms) FILTER (WHERE place = last / 2) AS median_low, max(ms) FILTER (WHERE place = (last + 1) / 2) AS median_high,
       max(ms) FILTER (WHERE place = last * 9 / 10) AS p90_low, max(ms) FILTER (WHERE place = (last * 9 + 9) / 10) AS p90_high
FROM ranked
GROUP BY quarter
ORDER BY quarter
LIMIT $4;

-- name: slowest
-- The tickets whose answer took longer than a limit, the slowest first, with the id that the answer's event gives.
SELECT e.data ->> 'ticket' AS ticket, s.platform, s.started_at, s.ended_at, s.ms
FROM (
    SELECT s.platform, s.started_at, s.ended_at, s.ended_key,
           coalesce(s.given_ms, greatest(0, round(extract(epoch FROM s.ended_at - s.started_at)::float8 * 1000)::bigint)) AS ms
    FROM spans s
    WHERE s.session_id = $1 AND s.kind = 'response' AND s.ended_at IS NOT NULL
      AND (s.given_ms IS NOT NULL OR s.started_at IS NOT NULL)
) s
-- OFFSET 0: by its key, also in a plan from when the tables were empty.
CROSS JOIN LATERAL (SELECT e.data FROM events e WHERE e.session_id = $1 AND e.event_key = s.ended_key OFFSET 0) e
WHERE s.ms > $2
ORDER BY s.ms DESC, s.ended_at, s.ended_key
LIMIT $3;
