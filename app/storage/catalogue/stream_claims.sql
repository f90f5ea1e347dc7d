-- name: open_claims
-- Registrations of rooms that no unbound principal has confirmed, by room. A bound principal sees its own brand's. What unbound
-- senders sent for the room, and the session that takes it in now, are shown to unbound principals only.
SELECT st.platform, st.room, st.brand_id, st.session_id AS session, s.title, b.slug AS brand, st.created_at AS claimed_at,
       st.registered_by AS claimed_by,
       CASE WHEN $1::uuid IS NULL THEN coalesce((SELECT sum(p.events) FROM parked_rooms p
                                                 WHERE p.platform = st.platform AND p.room = st.room AND p.owner = ''), 0)::bigint
       END AS parked_events,
       CASE WHEN $1::uuid IS NULL THEN (SELECT c.session_id FROM streams c
                                        WHERE c.platform = st.platform AND c.room = st.room AND c.confirmed) END AS confirmed_session
FROM streams st
JOIN sessions s ON s.id = st.session_id
JOIN brands b ON b.id = st.brand_id
WHERE NOT st.confirmed AND ($1::uuid IS NULL OR st.brand_id = $1::uuid)
  AND ($2::text IS NULL OR (st.platform, st.room, st.brand_id) > ($2::text, $3::text, $4::uuid))
ORDER BY st.platform, st.room, st.brand_id
LIMIT $5::int;

-- name: registrations
-- Who registered a room.
SELECT st.session_id, st.brand_id, st.confirmed FROM streams st WHERE st.platform = $1::text AND st.room = $2::text;

-- name: lock_brands
-- Excludes deletions of sessions and changes of the catalogue in these brands until the commit.
SELECT pg_advisory_xact_lock(hashtextextended('brand ' || brand, 0)) FROM unnest($1::text[]) AS brand ORDER BY brand;

-- name: lock_room
-- Excludes registrations of the room and the parking of its events until the commit.
SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0));

-- name: lock_session
-- Waits for the commits of the session's events, and excludes further ones until the commit.
SELECT id FROM sessions WHERE id = $1::uuid FOR UPDATE;

-- name: withdraw_confirmation
-- No session takes in what unbound senders send for the room.
UPDATE streams SET confirmed = false WHERE platform = $1::text AND room = $2::text AND confirmed RETURNING session_id;

-- name: confirm
-- The session takes in what unbound senders send for the room.
UPDATE streams SET confirmed = true WHERE platform = $1::text AND room = $2::text AND session_id = $3::uuid RETURNING session_id;

-- name: park_logged
-- Parks the events of a room that unbound senders sent to a session. Void events stay where they are.
INSERT INTO parked (platform, room, owner, event_key, origin, received_at, event, digest, imports)
SELECT e.platform, e.room, '', e.event_key, $4::text, now(),
       -- The data as they came, null members included.
       ('{"data":' || e.data::text || ',' || substr((
           coalesce(e.attributes::jsonb, '{}') - '{senttime,importid}'::text[] || jsonb_strip_nulls(jsonb_build_object(
               'specversion', '1.0', 'id', e.id, 'source', e.source, 'subject', e.platform || ':' || e.room,
               'time', e.occurred_at, 'type', e.type, 'senttime', e.sent_time, 'importid', brought.imports[1]))
       )::text, 2))::json,
       e.digest, brought.imports
FROM events e
CROSS JOIN LATERAL (SELECT array_agg(i.import_id ORDER BY i.import_id) AS imports FROM import_events i
                    WHERE i.session_id = $1::uuid AND i.event_key = e.event_key) AS brought
WHERE e.session_id = $1::uuid AND e.platform = $2::text AND e.room = $3::text AND e.owner = ''
  AND NOT EXISTS (SELECT FROM voided_events v WHERE v.session_id = $1::uuid AND v.event_key = e.event_key)
ON CONFLICT DO NOTHING
RETURNING event_key;

-- name: delete_logged
-- Removes the same events from the log.
DELETE FROM events e
WHERE e.session_id = $1::uuid AND e.platform = $2::text AND e.room = $3::text AND e.owner = ''
  AND NOT EXISTS (SELECT FROM voided_events v WHERE v.session_id = $1::uuid AND v.event_key = e.event_key)
RETURNING e.event_key;

-- name: delete_imported
-- Removes what says which imports brought these events to the session: parked events name them.
DELETE FROM import_events i WHERE i.session_id = $1::uuid AND i.event_key = ANY($2::bytea[]);

-- name: delete_movements
-- Removes what is packed of the session's entries and exits, those of these events among them: they are read from the log from then on.
DELETE FROM movements m WHERE m.session_id = $1::uuid;
