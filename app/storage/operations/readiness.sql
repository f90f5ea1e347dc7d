-- name: state
-- The server's version, the schema's revision, and what its migration noted.
SELECT current_setting('server_version') AS version, (SELECT version_num FROM alembic_version) AS revision,
       obj_description('alembic_version'::regclass, 'pg_class') AS note;

-- name: limit_waits
-- The probe waits shorter than a flush does.
SELECT set_config('lock_timeout', '1000ms', true), set_config('statement_timeout', '2000ms', true);

-- name: lock_tables
-- Fails where a flush would wait or fail: a table that is locked, renamed or not writable.
LOCK TABLE events, members, customers, counters, gauges, orders, spans, parked, dead_letters, deliveries IN ROW EXCLUSIVE MODE;

-- name: write
-- A row that the caller rolls back. No session has this id.
INSERT INTO counters (session_id, grain, key, bucket, platform, metric, value, contributions)
VALUES ('00000000-0000-0000-0000-000000000000', 0, '', 'epoch', '', 'readiness', 1, 1)
RETURNING 1;
