-- name: groups
-- Dead letters by cause, the cause with the newest one first. A cause is the sender, the event's type, and rule, place and words of the
-- first error; positions in lists make no difference. No more than $2 dead letters are read.
-- They are counted by the place as it stands, then by the cause: few places differ, so that positions are replaced in few.
-- `newest` is a rank of 19 digits and an id as text, since an array in order would sort all dead letters by their words.
WITH read AS (
    SELECT d.origin, d.type, d.errors -> 0 ->> 'code' AS code, d.errors -> 0 ->> 'pointer' AS pointer, d.errors -> 0 ->> 'detail' AS detail,
           d.received_at, (1000000000000000000 + row_number() OVER (ORDER BY d.received_at DESC, d.id DESC))::text || d.id::text AS newest
    FROM dead_letters d
    WHERE ($1::uuid IS NULL OR d.brand_id = $1)
    ORDER BY d.received_at DESC, d.id DESC
    LIMIT $2
),
placed AS MATERIALIZED (
    SELECT origin, type, code, pointer, detail, count(*) AS count, min(received_at) AS first_at, max(received_at) AS last_at,
           min(newest COLLATE "C") AS newest
    FROM read
    GROUP BY origin, type, code, pointer, detail
)
SELECT substr(encode(sha256(convert_to(concat_ws(E'\x1f', origin, coalesce(type, E'\x1e'), code, pointer, detail), 'UTF8')), 'hex'), 1, 24)
           AS "group",
       origin, type, code, pointer, detail, sum(count)::bigint AS count, min(first_at) AS first_at, max(last_at) AS last_at,
       substr(min(newest), 20)::uuid AS newest
FROM (
    SELECT p.origin, p.type, coalesce(p.code, 'invalid') AS code,
           regexp_replace(coalesce(p.pointer, ''), '/\d+(?=/|$)', '/*', 'g') AS pointer,
           coalesce(p.detail, '') AS detail, p.count, p.first_at, p.last_at, p.newest
    FROM placed p
) AS c
GROUP BY origin, type, code, pointer, detail
ORDER BY max(last_at) DESC, 1
LIMIT $3;

-- name: matching
-- A page of the dead letters that a filter names, the oldest first: received until a moment, after a place in this order.
SELECT d.id, d.received_at
FROM dead_letters d
CROSS JOIN LATERAL (
    SELECT coalesce(d.errors -> 0 ->> 'code', 'invalid') AS code,
           regexp_replace(coalesce(d.errors -> 0 ->> 'pointer', ''), '/\d+(?=/|$)', '/*', 'g') AS pointer,
           coalesce(d.errors -> 0 ->> 'detail', '') AS detail
) AS e
WHERE (:brand::uuid IS NULL OR d.brand_id = :brand)
  AND (:group::text IS NULL OR :group = substr(encode(sha256(convert_to(
          concat_ws(E'\x1f', d.origin, coalesce(d.type, E'\x1e'), e.code, e.pointer, e.detail), 'UTF8')), 'hex'), 1, 24))
  AND (:origin::text IS NULL OR d.origin = :origin) AND (:type::text IS NULL OR d.type = :type) AND (:code::text IS NULL OR e.code = :code)
  AND d.received_at <= :until::timestamptz
  AND (:after_at::timestamptz IS NULL OR (d.received_at, d.id) > (:after_at, :after_id::uuid))
ORDER BY d.received_at, d.id
LIMIT :limit;

-- name: count_matching
-- The number of dead letters that a filter names, as above.
SELECT count(*)
FROM dead_letters d
CROSS JOIN LATERAL (
    SELECT coalesce(d.errors -> 0 ->> 'code', 'invalid') AS code,
           regexp_replace(coalesce(d.errors -> 0 ->> 'pointer', ''), '/\d+(?=/|$)', '/*', 'g') AS pointer,
           coalesce(d.errors -> 0 ->> 'detail', '') AS detail
) AS e
WHERE (:brand::uuid IS NULL OR d.brand_id = :brand)
  AND (:group::text IS NULL OR :group = substr(encode(sha256(convert_to(
          concat_ws(E'\x1f', d.origin, coalesce(d.type, E'\x1e'), e.code, e.pointer, e.detail), 'UTF8')), 'hex'), 1, 24))
  AND (:origin::text IS NULL OR d.origin = :origin) AND (:type::text IS NULL OR d.type = :type) AND (:code::text IS NULL OR e.code = :code)
  AND d.received_at <= :until::timestamptz;

-- name: discard
-- Deletes dead letters; returns the number.
WITH deleted AS (DELETE FROM dead_letters WHERE id = ANY($1::uuid[]) RETURNING id) SELECT count(*) FROM deleted;
