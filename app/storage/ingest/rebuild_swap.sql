-- name: clock
-- The rebuilt clock. It is read and written back, since Citus joins no reference table with a temporary one in an UPDATE.
SELECT started_at, ended_at FROM pg_temp.sessions WHERE id = $1;

-- name: copy_clock
-- Puts it in place; flushes do not note the session's events any more.
UPDATE public.sessions SET started_at = $2, ended_at = $3, rebuild = NULL WHERE id = $1;

-- name: clear_session_values
-- Makes room for the distinct values of the rebuilt session.
DELETE FROM public.session_values WHERE session_id = $1;
