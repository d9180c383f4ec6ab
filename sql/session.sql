-- SPDX-License-Identifier: Apache-2.0
-- Sessions (src/session/). Spec: cdi-session 2, 3.

-- A user id of any kind, as sessions use it: recipe user and primary user, internal and external id each. No row: not a user.
-- name: session_owner
SELECT a.user_id, rm.external_user_id, a.primary_or_recipe_user_id, pm.external_user_id
FROM {app_id_to_user_id} a
LEFT JOIN {userid_mapping} rm ON rm.app_id = a.app_id AND rm.supertokens_user_id = a.user_id
LEFT JOIN {userid_mapping} pm ON pm.app_id = a.app_id AND pm.supertokens_user_id = a.primary_or_recipe_user_id
WHERE a.app_id = $1 AND a.user_id = COALESCE(
    (SELECT m.supertokens_user_id FROM {userid_mapping} m WHERE m.app_id = $1 AND m.external_user_id = $2::text),
    $2::text::bpchar)

-- In front of session_insert, for its transaction, where fcgi_session_async_commit says so.
-- name: session_async_commit
SELECT set_config('synchronous_commit', 'off', true)

-- $1 app, $2 tenant, $3 handle, $4 recipe user (public id), $5 hash of the refresh token, $6 session data, $7 payload, $8 expiry (ms),
-- $9 created (ms), $10 static key, $11 primary user (public id), $12 its internal id when last activity is to be written, else NULL
-- name: session_insert
WITH session AS (
    INSERT INTO {session_info} (app_id, tenant_id, session_handle, user_id, refresh_token_hash_2, session_data,
                                jwt_user_payload, expires_at, created_at_time, use_static_key)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::bigint, $10)),
active AS (
    INSERT INTO {user_last_active} (app_id, user_id, last_active_time)
    SELECT $1, $12::text, $9::bigint WHERE $12::text IS NOT NULL
    ON CONFLICT (app_id, user_id) DO UPDATE SET last_active_time = EXCLUDED.last_active_time)
INSERT INTO {activity_log} (app_id, tenant_id, recipe_user_id, primary_or_recipe_user_id, event_type, status,
                            identifier, created_at)
SELECT $1, e.tenant_id, e.recipe_user_id, e.primary_user_id, e.event_type, 'success', e.identifier, $9::bigint
FROM (VALUES ($2, $4, $11, 'session_created', $3), ('public', $12::text, $12::text, 'user_last_active', NULL))
    AS e (tenant_id, recipe_user_id, primary_user_id, event_type, identifier)
WHERE e.recipe_user_id IS NOT NULL

-- Activity of a user by an id of any kind: of the primary user, by its internal id. $3 now (ms)
-- name: session_user_active
WITH who AS (
    SELECT COALESCE(max(a.primary_or_recipe_user_id::text), $2::text) AS id
    FROM {app_id_to_user_id} a
    WHERE a.app_id = $1 AND a.user_id = COALESCE(
        (SELECT m.supertokens_user_id FROM {userid_mapping} m WHERE m.app_id = $1 AND m.external_user_id = $2::text),
        $2::text::bpchar)),
active AS (
    INSERT INTO {user_last_active} (app_id, user_id, last_active_time) SELECT $1, who.id, $3::bigint FROM who
    ON CONFLICT (app_id, user_id) DO UPDATE SET last_active_time = EXCLUDED.last_active_time)
INSERT INTO {activity_log} (app_id, tenant_id, recipe_user_id, primary_or_recipe_user_id, event_type, status, created_at)
SELECT $1, 'public', who.id, who.id, 'user_last_active', 'success', $3::bigint FROM who

-- Without the external id of the primary user: the reference reports the internal one here.
-- name: session_get
SELECT s.user_id, COALESCE(a.primary_or_recipe_user_id::text, s.user_id), s.session_data, s.jwt_user_payload,
       s.expires_at, s.created_at_time, s.refresh_token_hash_2, s.prev_refresh_token_hash_2, s.use_static_key
FROM {session_info} s
LEFT JOIN {app_id_to_user_id} a ON a.app_id = s.app_id AND a.user_id = s.user_id::bpchar
WHERE s.app_id = $1 AND s.tenant_id = $2 AND s.session_handle = $3

-- Refresh from CDI 5.6 on: verdict, rotation and who the user is now, in one statement.
-- $1 app, $2 tenant, $3 handle, $4 hash2 of the presented token, $5 hash of its parent or NULL, $6 hash2 of the new token,
-- $7 now (ms), $8 grace period (ms), $9 new expiry (ms), $10 static key or NULL, $11 write last activity
-- name: session_refresh
WITH old AS (
    SELECT s.*, CASE
        WHEN s.expires_at < $7::bigint THEN 'missing'
        WHEN s.refresh_token_hash_2 IN ($4::text, $5::text) THEN 'rotate'
        WHEN s.prev_refresh_token_hash_2 = $4::text AND $7::bigint <= s.refresh_token_rotated_at + $8::bigint THEN 'retry'
        WHEN s.prev_refresh_token_hash_2 = $4::text THEN 'RECENT_PREV'
        WHEN s.prev_refresh_token_hash_2 = $5::text THEN 'ORPHANED_BRANCH'
        ELSE 'STALE_LINEAGE' END AS verdict
    FROM {session_info} s
    WHERE s.app_id = $1 AND s.tenant_id = $2 AND s.session_handle = $3
    FOR UPDATE),
rotated AS (
    UPDATE {session_info} s
    SET refresh_token_hash_2 = $6,
        use_static_key = COALESCE($10::boolean, s.use_static_key),
        prev_refresh_token_hash_2 = CASE old.verdict WHEN 'rotate' THEN $4 ELSE s.prev_refresh_token_hash_2 END,
        refresh_token_rotated_at = CASE old.verdict WHEN 'rotate' THEN $7::bigint ELSE s.refresh_token_rotated_at END,
        expires_at = CASE old.verdict WHEN 'rotate' THEN $9::bigint ELSE s.expires_at END
    FROM old
    WHERE s.app_id = $1 AND s.tenant_id = $2 AND s.session_handle = $3 AND old.verdict IN ('rotate', 'retry')),
who AS (
    SELECT old.user_id, a.primary_or_recipe_user_id AS primary_id, pm.external_user_id AS primary_external_id
    FROM old
    JOIN {app_id_to_user_id} a ON a.app_id = $1 AND a.user_id = COALESCE(
        (SELECT m.supertokens_user_id FROM {userid_mapping} m WHERE m.app_id = $1 AND m.external_user_id = old.user_id),
        old.user_id::bpchar)
    LEFT JOIN {userid_mapping} pm ON pm.app_id = $1 AND pm.supertokens_user_id = a.primary_or_recipe_user_id),
active AS (
    INSERT INTO {user_last_active} (app_id, user_id, last_active_time)
    SELECT $1, COALESCE(who.primary_id::text, old.user_id), $7::bigint FROM old LEFT JOIN who ON true
    WHERE $11::boolean AND old.verdict IN ('rotate', 'retry')
    ON CONFLICT (app_id, user_id) DO UPDATE SET last_active_time = EXCLUDED.last_active_time
    RETURNING user_id),
activity AS (
    INSERT INTO {activity_log} (app_id, tenant_id, recipe_user_id, primary_or_recipe_user_id, event_type, status, created_at)
    SELECT $1, 'public', user_id, user_id, 'user_last_active', 'success', $7::bigint FROM active)
SELECT old.verdict, old.user_id, COALESCE(who.primary_external_id, who.primary_id::text, old.user_id),
       old.jwt_user_payload, COALESCE($10::boolean, old.use_static_key)
FROM old LEFT JOIN who ON true

-- Refresh before CDI 5.6, without writing: nothing changes while the presented token is the current one.
-- $1 app, $2 tenant, $3 handle, $4 hash2 of the presented token, $5 hash of its parent or NULL, $6 now (ms), $7 static key or NULL
-- name: session_refresh_old_look
SELECT CASE
           WHEN s.expires_at < $6::bigint THEN 'missing'
           WHEN s.refresh_token_hash_2 = $4::text THEN
               CASE WHEN COALESCE($7::boolean, s.use_static_key) = s.use_static_key THEN 'current' ELSE 'write' END
           WHEN s.refresh_token_hash_2 = $5::text THEN 'write'
           ELSE 'STALE_LINEAGE' END,
       s.user_id, COALESCE(pm.external_user_id, a.primary_or_recipe_user_id::text, s.user_id), s.jwt_user_payload,
       COALESCE($7::boolean, s.use_static_key)
FROM {session_info} s
LEFT JOIN {app_id_to_user_id} a ON a.app_id = s.app_id AND a.user_id = COALESCE(
    (SELECT m.supertokens_user_id FROM {userid_mapping} m WHERE m.app_id = $1 AND m.external_user_id = s.user_id),
    s.user_id::bpchar)
LEFT JOIN {userid_mapping} pm ON pm.app_id = a.app_id AND pm.supertokens_user_id = a.primary_or_recipe_user_id
WHERE s.app_id = $1 AND s.tenant_id = $2 AND s.session_handle = $3

-- Its writes: the presented token becomes the current one if its parent was, and the kind of key is kept.
-- $1 to $7 as above, $8 new expiry (ms). Rows: those that still were as looked at.
-- name: session_refresh_old_write
UPDATE {session_info} s
SET refresh_token_hash_2 = $4::text,
    prev_refresh_token_hash_2 = CASE WHEN s.refresh_token_hash_2 = $4::text THEN s.prev_refresh_token_hash_2
                                     ELSE s.refresh_token_hash_2 END,
    refresh_token_rotated_at = CASE WHEN s.refresh_token_hash_2 = $4::text THEN s.refresh_token_rotated_at
                                    ELSE $6::bigint END,
    expires_at = CASE WHEN s.refresh_token_hash_2 = $4::text THEN s.expires_at ELSE $8::bigint END,
    use_static_key = COALESCE($7::boolean, s.use_static_key)
WHERE s.app_id = $1 AND s.tenant_id = $2 AND s.session_handle = $3
  AND s.refresh_token_hash_2 IN ($4::text, $5::text) AND s.expires_at >= $6::bigint

-- Verification before CDI 5.6: the token's refresh token becomes the current one if its parent is ($5; NULL: none).
-- $1 app, $2 tenant, $3 handle, $4 hash2 of the token's refresh token, $6 now (ms), $7 new expiry (ms)
-- name: session_promote
WITH old AS (
    SELECT s.user_id, s.jwt_user_payload, s.use_static_key, s.refresh_token_hash_2 AS current
    FROM {session_info} s
    WHERE s.app_id = $1 AND s.tenant_id = $2 AND s.session_handle = $3
    FOR UPDATE),
promoted AS (
    UPDATE {session_info} s
    SET refresh_token_hash_2 = $4::text, prev_refresh_token_hash_2 = old.current,
        refresh_token_rotated_at = $6::bigint, expires_at = $7::bigint
    FROM old
    WHERE s.app_id = $1 AND s.tenant_id = $2 AND s.session_handle = $3 AND old.current = $5::text)
SELECT old.user_id, COALESCE(pm.external_user_id, a.primary_or_recipe_user_id::text, old.user_id), old.jwt_user_payload,
       old.use_static_key, old.current IN ($4::text, $5::text)
FROM old
LEFT JOIN {app_id_to_user_id} a ON a.app_id = $1 AND a.user_id = COALESCE(
    (SELECT m.supertokens_user_id FROM {userid_mapping} m WHERE m.app_id = $1 AND m.external_user_id = old.user_id),
    old.user_id::bpchar)
LEFT JOIN {userid_mapping} pm ON pm.app_id = a.app_id AND pm.supertokens_user_id = a.primary_or_recipe_user_id

-- name: session_set_payload
UPDATE {session_info} SET jwt_user_payload = $4
WHERE app_id = $1 AND tenant_id = $2 AND session_handle = $3 AND expires_at > $5::bigint

-- name: session_set_data
UPDATE {session_info} SET session_data = $4
WHERE app_id = $1 AND tenant_id = $2 AND session_handle = $3 AND expires_at > $5::bigint

-- $2 tenant, $3 handles. Those that were there, in any order. No join: without statistics it can be a quadratic one.
-- name: session_delete
DELETE FROM {session_info} WHERE app_id = $1 AND tenant_id = $2 AND session_handle = ANY ($3::text[])
RETURNING session_handle

-- The internal ids of all login methods of a user, by one of them.
-- name: session_login_methods
SELECT b.user_id FROM {app_id_to_user_id} a
JOIN {app_id_to_user_id} b ON b.app_id = a.app_id AND b.primary_or_recipe_user_id = a.primary_or_recipe_user_id
WHERE a.app_id = $1 AND a.user_id = $2::text::bpchar

-- Sessions of user ids ($2), also those of their linked login methods ($4). $3 NULL: in every tenant. $5 now (ms)
-- name: session_handles_of_user
SELECT s.session_handle
FROM {session_info} s
WHERE s.app_id = $1 AND ($3::text IS NULL OR s.tenant_id = $3) AND s.expires_at >= $5::bigint
  AND s.user_id = ANY (ARRAY(
      SELECT unnest($2::text[])
      UNION
      SELECT b.user_id::text FROM {app_id_to_user_id} a
      JOIN {app_id_to_user_id} b ON b.app_id = a.app_id AND b.primary_or_recipe_user_id = a.primary_or_recipe_user_id
      WHERE $4::boolean AND a.app_id = $1 AND a.user_id = ANY ($2::text[]::bpchar[])))
ORDER BY s.tenant_id, s.created_at_time, s.session_handle

-- name: session_delete_of_user
DELETE FROM {session_info} s
WHERE s.app_id = $1 AND ($3::text IS NULL OR s.tenant_id = $3) AND s.expires_at >= $5::bigint
  AND s.user_id = ANY (ARRAY(
      SELECT unnest($2::text[])
      UNION
      SELECT b.user_id::text FROM {app_id_to_user_id} a
      JOIN {app_id_to_user_id} b ON b.app_id = a.app_id AND b.primary_or_recipe_user_id = a.primary_or_recipe_user_id
      WHERE $4::boolean AND a.app_id = $1 AND a.user_id = ANY ($2::text[]::bpchar[])))
RETURNING s.session_handle
