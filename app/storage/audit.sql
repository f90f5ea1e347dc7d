-- name: record
-- Adds the row of an action; an action that is recorded already, by an earlier transaction of the same request, adds none.
INSERT INTO audit_log (id, at, principal_kind, principal_id, principal_name, action, object_id, session_id, brand_id, address, request_id)
SELECT :id::uuid, :at::timestamptz, :kind::text, :principal::text, :name::text, :action::text, :object_id::text, :session::uuid,
       coalesce(:brand::uuid, (SELECT s.brand_id FROM sessions s WHERE s.id = :session::uuid),
                (SELECT b.id FROM brands b WHERE b.slug = :slug::text), :actor_brand::uuid),
       :address::text, :request::text
ON CONFLICT (id) DO NOTHING;

-- name: allow_expiry
-- Lets this transaction delete rows, which the table's trigger refuses to all others.
SET LOCAL tallylight.audit_retention = 'on';

-- name: expire
-- Deletes rows that are older than their retention time, a part at a time; returns how many.
WITH expired AS (
    SELECT id FROM audit_log WHERE at < $1 ORDER BY at LIMIT $2
), deleted AS (
    DELETE FROM audit_log WHERE id IN (SELECT id FROM expired) RETURNING id
)
SELECT count(*) FROM deleted;
