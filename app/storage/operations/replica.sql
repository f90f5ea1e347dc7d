-- name: committed
-- Up to where the primary's log is durable: whatever was acknowledged lies before it. And which cluster it is, on which timeline.
SELECT l.position::text AS position, (SELECT system_identifier FROM pg_control_system()) AS cluster,
       ('x' || substr(pg_walfile_name(l.position), 1, 8))::bit(32)::int AS timeline
FROM (SELECT pg_current_wal_flush_lsn() AS position) l;

-- name: replayed
-- Whether a standby has replayed the log up to a position, and how many bytes are missing. NULL on a server that replays nothing.
-- Positions of two timelines are not comparable: a standby that did not follow a promotion may be further, and lack what counts.
SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn AS reached,
       greatest(0, pg_wal_lsn_diff($1::text::pg_lsn, pg_last_wal_replay_lsn()))::bigint AS missing,
       pg_is_in_recovery() AS standby, (SELECT system_identifier FROM pg_control_system()) AS cluster,
       (SELECT min_recovery_end_timeline FROM pg_control_recovery()) AS timeline;
