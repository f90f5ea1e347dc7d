-- name: server
-- The server's version and clock, the size of the database, and whether whole pages in its write-ahead log are compressed by pglz.
SELECT current_setting('server_version') AS version, clock_timestamp() AS now, pg_database_size(current_database()) AS bytes,
       current_setting('wal_compression') IN ('on', 'pglz') AS pglz;

-- name: major_version
-- The server's major version.
SELECT current_setting('server_version_num')::int / 10000;

-- name: has_tables
-- Whether the database has tables of its own.
SELECT EXISTS (
    SELECT FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
);

-- name: reader_role
-- Makes the role of row-level security (migration 0012), which belongs to a cluster and is in no dump.
DO $$
BEGIN
    IF to_regrole('tallylight_reader') IS NULL THEN
        CREATE ROLE tallylight_reader NOLOGIN;
    END IF;
    EXECUTE format('GRANT tallylight_reader TO %I', current_user);
END
$$;

-- name: reader_defaults
-- What that role reads of tables that later migrations make; a dump has it under the name of its own owner.
DO $$
BEGIN
    IF to_regclass('alembic_version') IS NOT NULL AND to_regrole('tallylight_reader') IS NOT NULL
        AND has_schema_privilege('public', 'CREATE')
        AND NOT EXISTS (
            SELECT FROM pg_default_acl AS known, aclexplode(known.defaclacl) AS granted
            WHERE known.defaclrole = current_user::regrole AND known.defaclnamespace = 'public'::regnamespace
                AND known.defaclobjtype = 'r' AND granted.grantee = to_regrole('tallylight_reader')
        ) THEN
        GRANT USAGE ON SCHEMA public TO tallylight_reader;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO tallylight_reader;
    END IF;
END
$$;

-- name: hide_shards
-- Hides the tables by which a coordinator of Citus holds its copy of the catalogue, until the transaction ends.
SET LOCAL citus.override_table_visibility TO on;

-- name: tables
-- The largest tables with their indexes and partitions; rows as the planner estimates them.
SELECT coalesce(p.relname, c.relname) AS name, sum(pg_total_relation_size(c.oid))::bigint AS bytes,
       sum(greatest(c.reltuples, 0))::bigint AS rows
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
LEFT JOIN pg_class p ON p.oid = i.inhparent
WHERE c.relkind = 'r' AND n.nspname = 'public'
GROUP BY 1
ORDER BY bytes DESC, name
LIMIT $1::int;

-- name: schedules
-- Recurring work: when each began last and begins next.
SELECT s.entrypoint AS name, s.last_run, s.next_run
FROM pgqueuer_schedules s
ORDER BY s.entrypoint;

-- name: waiting_jobs
-- Jobs that could run: how many, and since when the oldest could.
SELECT count(*) AS jobs, min(greatest(q.created, q.execute_after)) AS since
FROM pgqueuer q
WHERE q.status = 'queued' AND q.execute_after <= now();

-- name: connections
-- Connections that are in use, and the names of those that fail.
SELECT count(*) AS all, coalesce(array_agg(c.name ORDER BY c.name) FILTER (WHERE c.failing_since IS NOT NULL), '{}') AS failing
FROM connections c
WHERE c.enabled;

-- name: channels
-- Channels that are in use, and the names of those that gave up a message since a moment.
SELECT count(*) AS all,
       coalesce(array_agg(c.name ORDER BY c.name) FILTER (WHERE EXISTS (
           SELECT FROM channel_deliveries d WHERE d.channel_id = c.id AND d.state = 'failed' AND d.queued_at >= $1::timestamptz
       )), '{}') AS failing
FROM channels c
WHERE c.enabled;

-- name: dead_letters
-- Dead letters, counted up to a limit.
SELECT count(*) FROM (SELECT FROM dead_letters LIMIT $1::int) d;

-- name: last_backup
-- When a backup was made last.
SELECT a.at FROM audit_log a WHERE a.action = 'backup.create' ORDER BY a.at DESC LIMIT 1;
