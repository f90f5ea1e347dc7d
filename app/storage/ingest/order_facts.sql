-- name: add_refunds
-- Adds single refunds and keeps the newest running total, per order and product. The values before come back too, so that a figure
-- that changed can be subtracted from the sums and the new one added.
INSERT INTO refunds AS r (session_id, platform, order_id, key, singles, single, total, total_rank, total_key, total_at, first_at)
SELECT * FROM unnest(:sessions::uuid[], :platforms::text[], :orders::text[], :keys::text[], :singles::bigint[],
                     :single_amounts::bigint[], :totals::bigint[], :total_ranks::text[], :total_keys::bytea[], :total_at::timestamptz[], :first_at::timestamptz[])
ON CONFLICT (session_id, platform, order_id, key) DO UPDATE
SET was_single = r.single, was_total = r.total, was_total_at = r.total_at, was_first_at = r.first_at,
    singles = r.singles + excluded.singles,
    single = r.single + excluded.single,
    first_at = LEAST(r.first_at, excluded.first_at),
    total = CASE WHEN (excluded.total_rank, excluded.total_key) > (r.total_rank, r.total_key) THEN excluded.total ELSE r.total END,
    total_at = CASE WHEN (excluded.total_rank, excluded.total_key) > (r.total_rank, r.total_key)
                    THEN excluded.total_at ELSE r.total_at END,
    total_key = CASE WHEN (excluded.total_rank, excluded.total_key) > (r.total_rank, r.total_key)
                     THEN excluded.total_key ELSE r.total_key END,
    total_rank = GREATEST(excluded.total_rank, r.total_rank)
RETURNING session_id, platform, order_id, key, single, total, total_at, first_at,
          was_single, was_total, was_total_at, was_first_at;

-- name: drop_empty_refunds
-- Removes rows from which all was taken back.
DELETE FROM refunds r
USING unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS emptied (session_id, platform, order_id, key)
WHERE r.session_id = emptied.session_id AND r.platform = emptied.platform AND r.order_id = emptied.order_id
  AND r.key = emptied.key AND r.singles = 0 AND r.total_rank = ''
RETURNING 1;

-- name: add_parcels
-- Keeps every parcel of an order, with the earliest times at which it was shipped and accepted by the carrier.
INSERT INTO parcels AS p (session_id, platform, order_id, parcel, carrier, tracking, shipped_at, accepted_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[])
ON CONFLICT (session_id, platform, order_id, parcel) DO UPDATE
SET shipped_at = LEAST(p.shipped_at, excluded.shipped_at), accepted_at = LEAST(p.accepted_at, excluded.accepted_at);
