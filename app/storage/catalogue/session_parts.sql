-- name: last_event
-- The last of the next $3 events of a session after one of them.
SELECT e.event_key FROM events e WHERE e.session_id = $1 AND e.event_key > $2::bytea ORDER BY e.event_key OFFSET $3 LIMIT 1;

-- name: delete_events
-- Deletes a part of a session's log. It begins where the part before it ended: rows that this transaction has deleted are still in the
-- index, and each part would pass all of them.
DELETE FROM events WHERE session_id = $1 AND event_key > $2::bytea AND event_key <= $3::bytea;

-- name: last_member
-- The last of the next $4 members of a session after one of them.
SELECT m.set, m.member FROM members m
WHERE m.session_id = $1 AND (m.set, m.member) > ($2::text, $3::bytea)
ORDER BY m.set, m.member OFFSET $4 LIMIT 1;

-- name: delete_members
-- Deletes a part of a session's sets.
DELETE FROM members
WHERE session_id = $1 AND (set, member) > ($2::text, $3::bytea) AND (set, member) <= ($4::text, $5::bytea);
