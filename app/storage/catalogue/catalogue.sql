-- name: products_page
-- Products with their aliases, ordered by code; a key that is bound to a brand sees this brand's products.
SELECT p.id, b.slug AS brand, p.code, p.names::text AS names, p.customs::text AS customs, p.created_at,
       ARRAY(SELECT a.alias FROM product_aliases a WHERE a.product_id = p.id ORDER BY a.alias) AS aliases
FROM products p
JOIN brands b ON b.id = p.brand_id
WHERE ($1::uuid IS NULL OR p.brand_id = $1)
  AND ($2::text IS NULL OR b.slug = $2)
  AND ($3::text IS NULL
       OR strpos(lower(p.code), lower($3)) > 0
       OR EXISTS (SELECT FROM jsonb_each_text(p.names) AS n WHERE strpos(lower(n.value), lower($3)) > 0)
       OR EXISTS (SELECT FROM product_aliases a WHERE a.product_id = p.id AND strpos(lower(a.alias), lower($3)) > 0))
  AND ($4::text IS NULL OR (p.code, p.id) > ($4, $5::uuid))
ORDER BY p.code, p.id
LIMIT $6;

-- name: lock_brand_sessions
-- Waits for the running flushes of a brand's sessions: they may use the previous aliases.
SELECT id FROM sessions WHERE brand_id = $1 ORDER BY id FOR UPDATE;

-- name: sessions_with_keys
-- Sessions of a brand whose tables hold one of these product keys, or are about to: those whose rebuild is pending.
SELECT c.session_id
FROM sessions s
JOIN counters c ON c.session_id = s.id
WHERE s.brand_id = $1 AND c.grain = 0 AND c.key = ANY($2::text[])
UNION
SELECT g.session_id
FROM sessions s
JOIN gauges g ON g.session_id = s.id
WHERE s.brand_id = $1 AND g.grain = 0 AND g.key = ANY($2::text[])
UNION
SELECT r.session_id
FROM sessions s
JOIN rebuilds r ON r.session_id = s.id
WHERE s.brand_id = $1 AND r.done < r.requested
ORDER BY 1;

-- name: orders_with_codes
-- What the lines of paid orders with one of these product codes ($2) carry, by session ($1).
SELECT s.id, s.title, s.currency, coalesce(found.orders, 0) AS orders, coalesce(found.units, 0) AS units, coalesce(found.gmv, 0) AS gmv
FROM sessions s
LEFT JOIN (
    SELECT o.session_id, count(DISTINCT (o.platform, o.order_id)) AS orders,
           sum((line ->> 'quantity')::numeric) FILTER (WHERE (line ->> 'gift') IS NULL) AS units,
           sum((line ->> 'amount')::numeric) AS gmv
    FROM orders o
    CROSS JOIN LATERAL json_array_elements(o.lines) AS line
    WHERE o.session_id = ANY($1::uuid[]) AND o.paid_at IS NOT NULL AND line ->> 'product' = ANY($2::text[])
    GROUP BY o.session_id
) found ON found.session_id = s.id
WHERE s.id = ANY($1::uuid[])
ORDER BY s.created_at DESC, s.id;

-- name: imports_of
-- The imports that brought events to a session.
SELECT DISTINCT e.import_id FROM import_events e WHERE e.session_id = $1;

-- name: delete_imports
-- Deletes records of imports. Citus does not read a distributed table in a statement that writes the catalogue.
DELETE FROM imports WHERE id = ANY($1::uuid[]);

-- name: forget_changed_keys
-- The rebuilds that these keys need are requested.
DELETE FROM pending_refolds WHERE brand_id = $1 AND key = ANY($2::text[]);

-- name: on_air
-- The sessions that are on air: of the given ones, or of all that the caller may see. A status of the session itself (room '')
-- applies to all rooms until a room reports a later one; kpis/reading/status.py implements the same rule.
SELECT said.session_id
FROM (
    SELECT g.session_id,
           max(g.latest_at) FILTER (WHERE g.key = '') AS whole_at,
           (array_agg(g.latest ORDER BY g.latest_at DESC) FILTER (WHERE g.key = ''))[1] = 1 AS whole_on,
           max(g.latest_at) FILTER (WHERE g.key > '') AS room_at,
           max(g.latest_at) FILTER (WHERE g.key > '' AND g.latest = 1) AS on_at
    FROM sessions s
    JOIN gauges g ON g.session_id = s.id
    WHERE ($1::uuid[] IS NULL OR s.id = ANY($1))
      AND ($2::uuid IS NULL OR s.brand_id = $2)
      AND (s.started_at IS NOT NULL OR s.ended_at IS NOT NULL)
      AND g.grain = 0 AND g.metric = 'broadcast'
    GROUP BY g.session_id
) said
WHERE CASE
          WHEN said.whole_at IS NULL THEN said.on_at IS NOT NULL
          WHEN said.whole_on THEN said.on_at IS NOT NULL OR said.room_at IS NULL OR said.room_at <= said.whole_at
          ELSE said.on_at > said.whole_at
      END;

-- name: sessions_page
-- Sessions, newest first. `on_air` are the sessions on air, if the query filters by status.
SELECT s.id, b.slug AS brand, s.title, s.host, s.kind, s.currency, s.time_zone, s.scheduled_at, s.started_at, s.ended_at,
       s.created_at, s.revision,
       ARRAY(SELECT DISTINCT st.platform FROM streams st WHERE st.session_id = s.id ORDER BY 1) AS platforms,
       EXISTS (SELECT FROM notes n WHERE n.session_id = s.id AND n.kind = 'summary') AS summarized
FROM sessions s
JOIN brands b ON b.id = s.brand_id
WHERE (:caller_brand::uuid IS NULL OR s.brand_id = :caller_brand)
  AND (:brand::text IS NULL OR b.slug = :brand)
  AND (:kind::text IS NULL OR s.kind = :kind)
  AND (:platform::text IS NULL OR s.id IN (SELECT st.session_id FROM streams st WHERE st.platform = :platform))
  AND (:begin::timestamptz IS NULL OR COALESCE(s.started_at, s.scheduled_at, s.created_at) >= :begin)
  AND (:end::timestamptz IS NULL OR COALESCE(s.started_at, s.scheduled_at, s.created_at) < :end)
  AND (:text::text IS NULL OR strpos(lower(s.title), lower(:text)) > 0 OR strpos(lower(s.host), lower(:text)) > 0)
  AND CASE :status::text
          WHEN 'live' THEN s.id = ANY(:on_air::uuid[])
          WHEN 'scheduled' THEN s.started_at IS NULL AND s.ended_at IS NULL AND s.revision IS NULL
          WHEN 'provisional' THEN (s.started_at IS NOT NULL OR s.ended_at IS NOT NULL) AND s.revision IS NULL
                                  AND s.id <> ALL(:on_air::uuid[])
          WHEN 'final' THEN s.revision IS NOT NULL AND s.id <> ALL(:on_air::uuid[])
          ELSE TRUE
      END
  AND (:after_created_at::timestamptz IS NULL OR (s.created_at, s.id) < (:after_created_at, :after_id::uuid))
ORDER BY s.created_at DESC, s.id DESC
LIMIT :limit;

-- name: session_figures
-- Counted and reported figures of the sessions of a page.
SELECT session_id, platform, metric, FALSE AS reported, value::text
FROM counters
WHERE session_id = ANY($1::uuid[]) AND grain = 0 AND key = ''
  AND metric IN ('viewers', 'orders', 'buyers', 'units_sold', 'gmv')
UNION ALL
SELECT session_id, platform, metric, TRUE, latest::text
FROM platform_gauges
WHERE session_id = ANY($1::uuid[]) AND grain = 0 AND key = ''
  AND metric IN ('viewers', 'orders', 'buyers', 'units_sold', 'gmv');

-- name: find_session
-- The brand of a session that the caller may see.
SELECT brand_id FROM sessions WHERE id = $1 AND ($2::uuid IS NULL OR brand_id = $2);

-- name: lock_brand
-- Locks the brand: no other transaction deletes its sessions or changes its catalogue until the commit.
SELECT pg_advisory_xact_lock(hashtextextended('brand ' || $1::text, 0));

-- name: wait_for_statements
-- Waits until no other transaction computes or issues a statement of the brand: the lock of `wait_for_brand`.
SELECT pg_advisory_xact_lock(hashtextextended('settlement ' || $1::text, 0));

-- name: statement_of_session
-- The first issued statement of a brand that holds a session.
SELECT number FROM settlements
WHERE brand_id = $1 AND number IS NOT NULL AND strpos(document, '"' || $2::text || '"') > 0
ORDER BY issued_at
LIMIT 1;

-- name: lock_session
-- Waits for the running flushes of a session; later flushes skip it until the commit.
SELECT brand_id, revision FROM sessions WHERE id = $1 AND ($2::uuid IS NULL OR brand_id = $2) FOR UPDATE;
