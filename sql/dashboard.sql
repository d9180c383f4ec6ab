-- SPDX-License-Identifier: Apache-2.0
-- Accounts of the dashboard (src/dashboard/). Spec: cdi-dashboard.

-- name: dashboard_user_insert
INSERT INTO {dashboard_users} (app_id, user_id, email, password_hash, time_joined) VALUES ($1, $2, $3, $4, $5)

-- name: dashboard_users
SELECT user_id, email, time_joined FROM {dashboard_users} WHERE app_id = $1 ORDER BY time_joined, user_id

-- $2 id or NULL, $3 address or NULL

-- name: dashboard_sessions_end
DELETE FROM {dashboard_user_sessions} s
USING {dashboard_users} u
WHERE u.app_id = $1 AND (u.user_id = $2::text::bpchar OR u.email = $3) AND s.app_id = $1 AND s.user_id = u.user_id

-- name: dashboard_user_update
UPDATE {dashboard_users}
SET email = COALESCE($4, email), password_hash = COALESCE($5, password_hash)
WHERE app_id = $1 AND (user_id = $2::text::bpchar OR email = $3)
RETURNING user_id, email, time_joined

-- name: dashboard_user_delete
DELETE FROM {dashboard_users} WHERE app_id = $1 AND (user_id = $2::text::bpchar OR email = $3)
