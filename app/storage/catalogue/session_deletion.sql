-- name: movements
-- Empties its entries and exits.
DELETE FROM movements WHERE session_id = $1;

-- name: counters
-- Empties a session's sums.
DELETE FROM counters WHERE session_id = $1;

-- name: gauges
-- Empties a session's samples.
DELETE FROM gauges WHERE session_id = $1;

-- name: orders
-- Empties a session's orders.
DELETE FROM orders WHERE session_id = $1;

-- name: refunds
-- Empties the refunds of a session's orders.
DELETE FROM refunds WHERE session_id = $1;

-- name: parcels
-- Empties the parcels of a session's orders.
DELETE FROM parcels WHERE session_id = $1;

-- name: marks
-- Empties a session's marks.
DELETE FROM marks WHERE session_id = $1;

-- name: cartons
-- Removes a session's cartons.
DELETE FROM cartons WHERE session_id = $1;

-- name: carton_orders
-- Removes what they contain.
DELETE FROM carton_orders WHERE session_id = $1;

-- name: alerts
-- Removes the states of a session's alerts.
DELETE FROM alerts WHERE session_id = $1;

-- name: watched_sessions
-- A deleted session is not watched.
DELETE FROM watched_sessions WHERE session_id = $1;

-- name: rebuilds
-- A deleted session has no figures to rebuild.
DELETE FROM rebuilds WHERE session_id = $1;

-- name: rebuild_events
-- Empties the list of events that a rebuild has to fold.
DELETE FROM rebuild_events WHERE session_id = $1;

-- name: revisions
-- Empties a session's releases.
DELETE FROM revisions WHERE session_id = $1;

-- name: forgotten_orders
-- Empties what is known of a session's forgotten orders.
DELETE FROM forgotten_orders WHERE session_id = $1;

-- name: spans
-- Empties a session's durations.
DELETE FROM spans WHERE session_id = $1;

-- name: voids
-- Empties a session's voids.
DELETE FROM voids WHERE session_id = $1;

-- name: voided_events
-- Empties the marks of its voids.
DELETE FROM voided_events WHERE session_id = $1;

-- name: import_events
-- Empties the record of what imports brought.
DELETE FROM import_events WHERE session_id = $1;

-- name: session_values
-- Deletes a session's distinct values.
DELETE FROM session_values WHERE session_id = $1;

-- name: session
-- Removes the session; its streams, line-up, promotions and notes go with it.
DELETE FROM sessions WHERE id = $1;
