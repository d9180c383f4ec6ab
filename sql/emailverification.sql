-- SPDX-License-Identifier: Apache-2.0
-- Verified e-mail addresses and the tokens that verify them (src/emailverification/). Spec: cdi-emailverification.
-- User ids are the caller's: the external one where there is one.

-- No row: the address is verified. $1 app, $2 tenant, $3 user id, $4 email, $5 hash of the token, $6 expiry (ms)
-- name: emailverification_token_create
INSERT INTO {emailverification_tokens} (app_id, tenant_id, user_id, email, token, token_expiry)
SELECT $1::text, $2, $3::text, $4::text, $5, $6
WHERE NOT EXISTS (SELECT FROM {emailverification_verified_emails} v
                  WHERE v.app_id = $1 AND v.user_id = $3 AND v.email = $4)
RETURNING token_expiry

-- The same whether it is verified or not.
-- name: emailverification_token_add
INSERT INTO {emailverification_tokens} (app_id, tenant_id, user_id, email, token, token_expiry)
VALUES ($1, $2, $3, $4, $5, $6)

-- Takes a token: all tokens of its user and address go, also when it has expired. The last column tells whether it was good
-- and this statement the one that removed it, so that of two that run at once only one succeeds.
-- $1 app, $2 tenant, $3 hash of the token, $4 now (ms)
-- name: emailverification_token_take
WITH hit AS (
    SELECT user_id, email, token_expiry FROM {emailverification_tokens}
    WHERE app_id = $1 AND tenant_id = $2 AND token = $3),
gone AS (
    DELETE FROM {emailverification_tokens} t USING hit
    WHERE t.app_id = $1 AND t.tenant_id = $2 AND t.user_id = hit.user_id AND t.email = hit.email
    RETURNING t.token),
good AS (
    SELECT hit.user_id, hit.email FROM hit
    WHERE hit.token_expiry >= $4::bigint AND EXISTS (SELECT FROM gone WHERE gone.token = $3)),
verified AS (
    INSERT INTO {emailverification_verified_emails} (app_id, user_id, email)
    SELECT $1, user_id, email FROM good ON CONFLICT DO NOTHING)
SELECT user_id, email FROM good

-- $1 app, $2 tenant, $3 user id, $4 email
-- name: emailverification_tokens_drop
DELETE FROM {emailverification_tokens} WHERE app_id = $1 AND tenant_id = $2 AND user_id = $3 AND email = $4

-- Is it verified, and is the user one of this database? $1 app, $2 user id, $3 email
-- name: emailverification_look
SELECT EXISTS (SELECT FROM {emailverification_verified_emails}
               WHERE app_id = $1 AND user_id = $2::text AND email = $3::text),
       EXISTS (SELECT FROM {app_id_to_user_id} WHERE app_id = $1 AND user_id = $2::text::bpchar)
       OR EXISTS (SELECT FROM {userid_mapping} WHERE app_id = $1 AND external_user_id = $2::text)

-- name: emailverification_set
INSERT INTO {emailverification_verified_emails} (app_id, user_id, email) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING

-- Makes the address verified as a token would. $1 app, $2 tenant, $3 user id, $4 email
-- name: emailverification_mark
WITH gone AS (
    DELETE FROM {emailverification_tokens} WHERE app_id = $1 AND tenant_id = $2 AND user_id = $3 AND email = $4)
INSERT INTO {emailverification_verified_emails} (app_id, user_id, email) VALUES ($1, $3, $4) ON CONFLICT DO NOTHING

-- name: emailverification_unset
DELETE FROM {emailverification_verified_emails} WHERE app_id = $1 AND user_id = $2 AND email = $3
