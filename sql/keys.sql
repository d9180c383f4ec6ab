-- SPDX-License-Identifier: Apache-2.0
-- Signing keys and the refresh token key of an app (src/jwt/). Spec: cdi-session 1.1, 1.3; db-schema 3, 6.

-- name: keys_dynamic
SELECT created_at_time, value FROM {session_access_token_signing_keys}
WHERE app_id = $1 AND created_at_time >= $2
ORDER BY created_at_time DESC LIMIT 200

-- name: keys_static
SELECT key_id, key_string, created_at FROM {jwt_signing_keys}
WHERE app_id = $1 AND algorithm = 'RS256'
ORDER BY created_at DESC NULLS LAST, key_id LIMIT 200

-- name: keys_values
SELECT name, value FROM {key_value}
WHERE app_id = $1 AND tenant_id = 'public' AND name IN ('refresh_token_key', 'access_token_signing_key')

-- The transaction that makes what is missing: locks, then reads what there is.

-- name: keys_try_lock
SELECT pg_try_advisory_xact_lock(hashtext($1 || '~public~refresh_token_key'))
   AND pg_try_advisory_xact_lock(hashtext($1 || '~public~access_token_signing_key'))

-- name: keys_dynamic_locked
SELECT created_at_time FROM {session_access_token_signing_keys}
WHERE app_id = $1
ORDER BY created_at_time DESC FOR UPDATE

-- name: keys_static_locked
SELECT key_id FROM {jwt_signing_keys}
WHERE app_id = $1 AND algorithm = 'RS256'
ORDER BY created_at DESC FOR UPDATE

-- name: keys_values_locked
SELECT name, value, created_at_time FROM {key_value}
WHERE app_id = $1 AND tenant_id = 'public' AND name IN ('refresh_token_key', 'access_token_signing_key')
FOR UPDATE

-- name: keys_dynamic_insert
INSERT INTO {session_access_token_signing_keys} (app_id, created_at_time, value) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING

-- name: keys_static_insert
INSERT INTO {jwt_signing_keys} (app_id, key_id, created_at, key_string, algorithm) VALUES ($1, $2, $3, $4, 'RS256')

-- name: keys_refresh_insert
INSERT INTO {key_value} AS k (app_id, tenant_id, name, created_at_time, value)
VALUES ($1, 'public', 'refresh_token_key', $2, $3)
ON CONFLICT (app_id, tenant_id, name) DO UPDATE SET value = COALESCE(k.value, EXCLUDED.value)

-- name: keys_legacy_delete
DELETE FROM {key_value} WHERE app_id = $1 AND tenant_id = 'public' AND name = 'access_token_signing_key'

-- name: keys_dynamic_expire
DELETE FROM {session_access_token_signing_keys} WHERE app_id = $1 AND created_at_time < $2
