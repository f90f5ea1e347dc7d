-- name: add_movements
-- Adds the entries and exits of a flush: session, part of the viewers, an event of it, and what is packed. If an older server took
-- the event out of the log and it came again, the former row stays: its number differs from what is counted, and the log is read.
INSERT INTO movements (session_id, part, event_key, entries, exits)
SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::bytea[], $4::bytea[], $5::bytea[])
ON CONFLICT (session_id, event_key, part) DO NOTHING;
