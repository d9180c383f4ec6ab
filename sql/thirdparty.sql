-- SPDX-License-Identifier: Apache-2.0
-- Users of third-party providers (src/thirdparty/). Spec: db-schema 7, cdi-thirdparty.

-- A new user, whole, in one statement. $1 app, $2 tenant, $3 user id, $4 third-party id, $5 third-party user id, $6 email,
-- $7 now (ms), $8 the address counts as verified
-- name: thirdparty_signup
WITH app_user AS (
    INSERT INTO {app_id_to_user_id} (app_id, user_id, recipe_id, primary_or_recipe_user_id,
                                     is_linked_or_is_a_primary_user, time_joined,
                                     primary_or_recipe_user_time_joined)
    VALUES ($1, $3, 'thirdparty', $3, false, $7::bigint, $7::bigint)),
identity AS (
    SELECT x.type, x.value, x.third_party_id, x.third_party_user_id
    FROM (VALUES ('tparty', $4::text || '::' || $5::text, '', ''), ('email', $6::text, $4::text, $5::text))
         AS x (type, value, third_party_id, third_party_user_id)),
info AS (
    INSERT INTO {recipe_user_account_infos} (app_id, recipe_user_id, recipe_id, account_info_type,
                                             account_info_value, third_party_id, third_party_user_id)
    SELECT $1, $3, 'thirdparty', i.type, i.value, i.third_party_id, i.third_party_user_id FROM identity i),
reservation AS (
    INSERT INTO {recipe_user_tenants} (app_id, recipe_user_id, tenant_id, recipe_id, account_info_type,
                                       account_info_value, third_party_id, third_party_user_id)
    SELECT $1, $3, $2, 'thirdparty', i.type, i.value, i.third_party_id, i.third_party_user_id FROM identity i),
verified AS (
    INSERT INTO {emailverification_verified_emails} (app_id, user_id, email)
    SELECT $1, $3, $6 WHERE $8::boolean ON CONFLICT DO NOTHING)
INSERT INTO {thirdparty_users} (app_id, third_party_id, third_party_user_id, user_id, email, time_joined)
VALUES ($1, $4, $5, $3, $6, $7::bigint)

-- Other users of the app with the same identity: of tenants that do not share users.
-- $1 app, $2 <third-party id>::<third-party user id>, $3 the user itself, $4 how many at most
-- name: thirdparty_others
SELECT recipe_user_id FROM {recipe_user_account_infos}
WHERE app_id = $1 AND account_info_type = 'tparty' AND account_info_value = $2 AND recipe_user_id <> $3
LIMIT $4

-- name: thirdparty_set_email
UPDATE {thirdparty_users} SET email = $3 WHERE app_id = $1 AND user_id = ANY ($2::text[]::bpchar[])
