-- name: principals
-- Whom devices are signed in as: an active person, a valid key, or a share link that has not expired. $1: hashes of cookies,
-- $2: ids of devices, $3: now, $4: the time before which a device was unused for too long.
SELECT d.id AS device, d.secret_hash, p.id AS person, k.id AS key, l.id AS share_link,
       coalesce(p.role, k.role, 'viewer') AS role, coalesce(p.brand_id, k.brand_id, s.brand_id) AS brand_id,
       coalesce(p.name, k.name) AS name, l.session_id, coalesce(l.live, false) AS live, l.lang,
       coalesce(k.expires_at, l.expires_at) AS expires_at
FROM devices d
LEFT JOIN people p ON p.id = d.person_id AND p.active
LEFT JOIN api_keys k ON k.id = d.key_id AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $3)
LEFT JOIN share_links l ON l.id = d.share_link_id AND (l.expires_at IS NULL OR l.expires_at > $3)
LEFT JOIN sessions s ON s.id = l.session_id
WHERE (d.secret_hash = ANY($1::bytea[]) OR d.id = ANY($2::uuid[])) AND d.last_seen_at > $4
  AND num_nonnulls(p.id, k.id, l.id) = 1;

-- name: note_use
-- Writes when a device was used, unless another process has done so lately ($3); returns its owner.
UPDATE devices SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $3 RETURNING person_id, key_id, share_link_id;

-- name: note_person
-- Writes when a person was seen.
UPDATE people SET last_seen_at = $2 WHERE id = $1 AND (last_seen_at IS NULL OR last_seen_at < $2);

-- name: note_key
-- Writes when a key was used.
UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2);

-- name: note_share_link
-- Writes when a share link was used.
UPDATE share_links SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2);

-- name: redeem
-- Uses up a sign-in link: of several requests at once one gets its person.
DELETE FROM sign_in_links WHERE secret_hash = $1 AND expires_at > $2 RETURNING person_id;

-- name: person
-- An active person; locked, so that none signs in while they are deactivated.
SELECT p.id, p.name, p.brand_id FROM people p WHERE p.id = $1 AND p.active FOR UPDATE OF p;

-- name: share_link
-- A share link that has not expired.
SELECT l.id FROM share_links l WHERE l.secret_hash = $1 AND (l.expires_at IS NULL OR l.expires_at > $2) FOR KEY SHARE OF l;

-- name: insert
-- A device that has just signed in.
INSERT INTO devices (id, secret_hash, person_id, key_id, share_link_id, user_agent, last_seen_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id;

-- name: leave
-- Signs a device out.
DELETE FROM devices WHERE secret_hash = $1 RETURNING id;

-- name: bound
-- Of one owner's devices deletes those that were unused longest, down to $4.
DELETE FROM devices WHERE id IN (
    SELECT id FROM devices
    WHERE person_id = $1 OR key_id = $2 OR share_link_id = $3
    ORDER BY last_seen_at DESC, id OFFSET $4
) RETURNING id;

-- name: expire_links
-- Deletes sign-in links that have expired.
DELETE FROM sign_in_links WHERE expires_at <= $1;

-- name: expire_devices
-- Deletes devices that were unused for too long.
DELETE FROM devices WHERE last_seen_at <= $1;
