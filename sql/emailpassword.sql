-- SPDX-License-Identifier: Apache-2.0
-- Email-password users (src/emailpassword/). Spec: db-schema 7, cdi-emailpassword 4.

-- A new user, whole, in one statement. $1 app, $2 tenant, $3 user id, $4 email, $5 hash, $6 now (ms),
-- $7 the address counts as verified
-- name: emailpassword_signup
WITH app_user AS (
    INSERT INTO {app_id_to_user_id} (app_id, user_id, recipe_id, primary_or_recipe_user_id,
                                     is_linked_or_is_a_primary_user, time_joined,
                                     primary_or_recipe_user_time_joined)
    VALUES ($1, $3, 'emailpassword', $3, false, $6::bigint, $6::bigint)),
info AS (
    INSERT INTO {recipe_user_account_infos} (app_id, recipe_user_id, recipe_id, account_info_type,
                                             account_info_value, third_party_id, third_party_user_id)
    VALUES ($1, $3, 'emailpassword', 'email', $4, '', '')),
reservation AS (
    INSERT INTO {recipe_user_tenants} (app_id, recipe_user_id, tenant_id, recipe_id, account_info_type,
                                       account_info_value, third_party_id, third_party_user_id)
    VALUES ($1, $3, $2, 'emailpassword', 'email', $4, '', '')),
verified AS (
    INSERT INTO {emailverification_verified_emails} (app_id, user_id, email)
    SELECT $1, $3, $4 WHERE $7::boolean ON CONFLICT DO NOTHING)
INSERT INTO {emailpassword_users} (app_id, user_id, email, password_hash, time_joined)
VALUES ($1, $3, $4, $5, $6::bigint)

-- name: emailpassword_credentials
SELECT e.user_id, e.password_hash
FROM {recipe_user_tenants} r
JOIN {emailpassword_users} e ON e.app_id = r.app_id AND e.user_id = r.recipe_user_id
WHERE r.app_id = $1 AND r.tenant_id = $2 AND r.recipe_id = 'emailpassword' AND r.account_info_type = 'email'
  AND r.third_party_id = '' AND r.third_party_user_id = '' AND r.account_info_value = $3

-- name: emailpassword_set_hash
UPDATE {emailpassword_users} SET password_hash = $3 WHERE app_id = $1 AND user_id = $2

-- name: emailpassword_set_email
UPDATE {emailpassword_users} SET email = $3 WHERE app_id = $1 AND user_id = $2

-- A reset token of any user of the app, by internal or external id; no row: no such user. The id is compared as text too:
-- CHAR(n) does not count blanks at the end.
-- $1 app, $2 user id, $3 hash of the token, $4 email, $5 expiry (ms)
-- name: emailpassword_reset_token_create
INSERT INTO {emailpassword_pswd_reset_tokens} (app_id, user_id, token, email, token_expiry)
SELECT $1, u.user_id, $3, $4, $5::bigint
FROM (SELECT p.user_id FROM {app_id_to_user_id} p WHERE p.app_id = $1 AND p.user_id = $2::text::bpchar
        AND p.user_id::text = $2::text
      UNION ALL
      SELECT m.supertokens_user_id FROM {userid_mapping} m
      WHERE m.app_id = $1 AND m.external_user_id = $2::text
      LIMIT 1) u
RETURNING user_id

-- name: emailpassword_reset_token_live
SELECT email FROM {emailpassword_pswd_reset_tokens} WHERE app_id = $1 AND token = $2 AND token_expiry >= $3

-- Takes a reset token: all tokens of its user go. The last column tells whether this statement was the one that
-- removed it, so that of two that run at once only one succeeds. $1 app, $2 hash of the token
-- name: emailpassword_reset_token_take
WITH hit AS (
    SELECT user_id, email, token_expiry FROM {emailpassword_pswd_reset_tokens} WHERE app_id = $1 AND token = $2),
gone AS (
    DELETE FROM {emailpassword_pswd_reset_tokens} t USING hit
    WHERE t.app_id = $1 AND t.user_id = hit.user_id
    RETURNING t.token)
SELECT hit.user_id, hit.email, hit.token_expiry, m.external_user_id,
       EXISTS (SELECT 1 FROM gone WHERE gone.token = $2)
FROM hit
LEFT JOIN {userid_mapping} m ON m.app_id = $1 AND m.supertokens_user_id = hit.user_id
