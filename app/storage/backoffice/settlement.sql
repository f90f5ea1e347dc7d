-- name: sessions
-- The sessions of a brand that have begun, with their latest revisions; amounts are minor units. A session without a revision has
-- the time at which it ended, or began, by the catalogue.
SELECT s.id, s.title, s.kind, s.currency AS session_currency, s.time_zone AS session_time_zone,
       coalesce(s.ended_at, s.started_at) AS session_ended_at, s.revision
FROM sessions s
WHERE s.brand_id = :brand AND (s.revision IS NOT NULL OR s.started_at IS NOT NULL OR s.ended_at IS NOT NULL)
ORDER BY s.id;

-- name: revisions
-- The latest revisions of a brand's sessions.
SELECT r.session_id, r.number, r.ended_at, r.time_zone, r.currency, r.gmv::text AS gmv, r.net_gmv::text AS net_gmv
FROM sessions s
JOIN revisions r ON r.session_id = s.id AND r.number = s.revision
WHERE s.brand_id = :brand;

-- name: refunds
-- The refunds of sessions up to now, in minor units.
SELECT c.session_id, sum(c.value)::text AS amount
FROM counters c
WHERE c.session_id = ANY(CAST(:sessions AS uuid[])) AND c.grain = 0 AND c.key = '' AND c.metric = 'refund_amount'
GROUP BY c.session_id;

-- name: sold
-- Which of these sessions have an order that was paid.
SELECT DISTINCT o.session_id
FROM orders o
WHERE o.session_id = ANY(CAST(:sessions AS uuid[])) AND o.paid_at IS NOT NULL;

-- name: settled
-- What the shop's platform has settled, by session: a row with the orders and the amount, and a row per kind of fee. The latest
-- event of an order, or of a numbered settlement of it, replaces the ones before it; voided events do not count.
WITH latest AS MATERIALIZED (
    SELECT DISTINCT ON (e.session_id, e.platform, e.data ->> 'order', e.data ->> 'settlement')
           e.session_id, e.platform, e.data ->> 'order' AS order_id, (e.data ->> 'amount')::numeric AS amount, e.data -> 'fees' AS fees
    FROM events e
    WHERE e.session_id = ANY(CAST(:sessions AS uuid[])) AND e.type = 'live.order.settled'
      AND NOT EXISTS (SELECT FROM voided_events v WHERE v.session_id = e.session_id AND v.event_key = e.event_key)
    ORDER BY e.session_id, e.platform, e.data ->> 'order', e.data ->> 'settlement', e.occurred_at DESC, e.event_key DESC
)
SELECT l.session_id, NULL AS fee, count(DISTINCT (l.platform, l.order_id)) AS orders, coalesce(sum(l.amount), 0)::text AS amount
FROM latest l
GROUP BY l.session_id
UNION ALL
SELECT l.session_id, f.fee ->> 'kind', count(*), sum((f.fee ->> 'amount')::numeric)::text
FROM latest l
CROSS JOIN LATERAL json_array_elements(CASE WHEN json_typeof(l.fees) = 'array' THEN l.fees ELSE '[]' END) AS f (fee)
GROUP BY l.session_id, f.fee ->> 'kind'
ORDER BY 1, 2 NULLS FIRST;

-- name: promotions
-- The promotions of a brand's sessions, with when they were published and when their session took place.
SELECT p.kind, p.published_at, coalesce(s.ended_at, s.started_at, s.scheduled_at) AS session_at, s.time_zone
FROM promotions p
JOIN sessions s ON s.id = p.session_id
WHERE s.brand_id = :brand;

-- name: wait_for_brand
-- Waits until no other statement of the brand is computed or issued.
SELECT pg_advisory_xact_lock(hashtextextended('settlement ' || CAST(:brand AS text), 0));

-- name: wait_for_number
-- Waits until no other statement of the month takes a number.
SELECT pg_advisory_xact_lock(hashtextextended('settlement number ' || CAST(:month AS text), 0));
