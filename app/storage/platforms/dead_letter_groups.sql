-- name: groups
-- Dead letters by cause, the cause with the newest one first. A cause is the sender, the event's type, and rule, place and words of the
-- first error; positions in lists make no difference. No more than $2 dead letters are read.
SELECT substr(encode(sha256(convert_to(concat_ws(E'\x1f', origin, coalesce(type, E'\x1e'), code, pointer, detail), 'UTF8')), 'hex'), 1, 24)
           AS "group",
       origin, type, code, pointer, detail, count(*) AS count, min(received_at) AS first_at, max(received_at) AS last_at,
       (array_agg(id ORDER BY received_at DESC, id))[1] AS newest
FROM (
    SELECT d.id, d.origin, d.type, d.received_at, coalesce(d.errors -> 0 ->> 'code', 'invalid') AS code,
           regexp_replace(coalesce(d.errors -> 0 ->> 'pointer', ''), '/\d+(?=/|$)', '/*', 'g') AS pointer,
           coalesce(d.errors -> 0 ->> 'detail', '') AS detail
    FROM dead_letters d
    WHERE ($1::uuid IS NULL OR d.brand_id = $1)
    ORDER BY d.received_at DESC, d.id DESC
    LIMIT $2
) AS d
GROUP BY origin, type, code, pointer, detail
ORDER BY max(received_at) DESC, 1
LIMIT $3;

-- name: matching
-- A page of the dead letters that a filter names, the oldest first: brand ($1), group, sender, type, rule; received until $6, after
-- ($7, $8).
SELECT d.id, d.received_at
FROM dead_letters d
CROSS JOIN LATERAL (
    SELECT coalesce(d.errors -> 0 ->> 'code', 'invalid') AS code,
           regexp_replace(coalesce(d.errors -> 0 ->> 'pointer', ''), '/\d+(?=/|$)', '/*', 'g') AS pointer,
           coalesce(d.errors -> 0 ->> 'detail', '') AS detail
) AS e
WHERE ($1::uuid IS NULL OR d.brand_id = $1)
  AND ($2::text IS NULL OR $2 = substr(encode(sha256(convert_to(
          concat_ws(E'\x1f', d.origin, coalesce(d.type, E'\x1e'), e.code, e.pointer, e.detail), 'UTF8')), 'hex'), 1, 24))
  AND ($3::text IS NULL OR d.origin = $3) AND ($4::text IS NULL OR d.type = $4) AND ($5::text IS NULL OR e.code = $5)
  AND d.received_at <= $6::timestamptz
  AND ($7::timestamptz IS NULL OR (d.received_at, d.id) > ($7, $8::uuid))
ORDER BY d.received_at, d.id
LIMIT $9;

-- name: count_matching
-- The number of dead letters that a filter names, as above.
SELECT count(*)
FROM dead_letters d
CROSS JOIN LATERAL (
    SELECT coalesce(d.errors -> 0 ->> 'code', 'invalid') AS code,
           regexp_replace(coalesce(d.errors -> 0 ->> 'pointer', ''), '/\d+(?=/|$)', '/*', 'g') AS pointer,
           coalesce(d.errors -> 0 ->> 'detail', '') AS detail
) AS e
WHERE ($1::uuid IS NULL OR d.brand_id = $1)
  AND ($2::text IS NULL OR $2 = substr(encode(sha256(convert_to(
          concat_ws(E'\x1f', d.origin, coalesce(d.type, E'\x1e'), e.code, e.pointer, e.detail), 'UTF8')), 'hex'), 1, 24))
  AND ($3::text IS NULL OR d.origin = $3) AND ($4::text IS NULL OR d.type = $4) AND ($5::text IS NULL OR e.code = $5)
  AND d.received_at <= $6::timestamptz;

-- name: discard
-- Deletes dead letters; returns the number.
WITH deleted AS (DELETE FROM dead_letters WHERE id = ANY($1::uuid[]) RETURNING id) SELECT count(*) FROM deleted;
