-- SPDX-License-Identifier: Apache-2.0
-- Housekeeping (src/jobs/): in portions, so that no statement holds many row locks for long. $1 now (ms), $2 rows at most

-- name: job_delete_sessions
DELETE FROM {session_info} WHERE (app_id, tenant_id, session_handle) IN (
    SELECT app_id, tenant_id, session_handle FROM {session_info} WHERE expires_at < $1
    ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)

-- name: job_delete_reset_tokens
DELETE FROM {emailpassword_pswd_reset_tokens} WHERE (app_id, user_id, token) IN (
    SELECT app_id, user_id, token FROM {emailpassword_pswd_reset_tokens} WHERE token_expiry < $1
    ORDER BY token_expiry LIMIT $2 FOR UPDATE SKIP LOCKED)

-- name: job_delete_verification_tokens
DELETE FROM {emailverification_tokens} WHERE (app_id, tenant_id, user_id, email, token) IN (
    SELECT app_id, tenant_id, user_id, email, token FROM {emailverification_tokens} WHERE token_expiry < $1
    ORDER BY token_expiry LIMIT $2 FOR UPDATE SKIP LOCKED)

-- Apps that may have a key that has expired: the newest never has.
-- name: job_apps_with_old_keys
SELECT app_id FROM {session_access_token_signing_keys} GROUP BY app_id HAVING count(*) > 1
