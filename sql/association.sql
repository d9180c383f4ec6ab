-- SPDX-License-Identifier: Apache-2.0
-- Which tenants a user may sign in to (src/multitenancy/association.c). Spec: cdi-multitenancy 9, db-schema 7.6.
-- $1 app, $2 tenant, $3 recipe user (internal id). The user is locked.

-- Has it a login, and is it in the tenant?
-- name: association_look
SELECT EXISTS (SELECT FROM {recipe_user_account_infos} WHERE app_id = $1 AND recipe_user_id = $3),
       EXISTS (SELECT FROM {recipe_user_tenants} WHERE app_id = $1 AND tenant_id = $2 AND recipe_user_id = $3)

-- All identifiers of the group for the tenant, $3 its primary user. Returns who has each now.
-- name: association_reserve_for_primary
INSERT INTO {primary_user_tenants} AS p (app_id, tenant_id, account_info_type, account_info_value, primary_user_id)
SELECT DISTINCT i.app_id, $2, i.account_info_type, i.account_info_value, i.primary_user_id
FROM {recipe_user_account_infos} i
WHERE i.app_id = $1 AND i.primary_user_id = $3
ON CONFLICT (app_id, tenant_id, account_info_type, account_info_value) DO UPDATE
SET primary_user_id = p.primary_user_id
RETURNING primary_user_id, account_info_type

-- name: association_reserve
INSERT INTO {recipe_user_tenants} AS t (app_id, recipe_user_id, tenant_id, recipe_id, account_info_type,
                                        account_info_value, third_party_id, third_party_user_id)
SELECT i.app_id, i.recipe_user_id, $2, i.recipe_id, i.account_info_type, i.account_info_value, i.third_party_id,
       i.third_party_user_id
FROM {recipe_user_account_infos} i
WHERE i.app_id = $1 AND i.recipe_user_id = $3
ON CONFLICT (app_id, tenant_id, recipe_id, account_info_type, third_party_id, third_party_user_id,
             account_info_value) DO UPDATE
SET recipe_user_id = t.recipe_user_id
RETURNING recipe_user_id, account_info_type

-- Other recipes know the user by its external id where it has one.

-- name: association_end_sessions
DELETE FROM {session_info}
WHERE app_id = $1 AND tenant_id = $2 AND user_id = COALESCE(
    (SELECT m.external_user_id FROM {userid_mapping} m WHERE m.app_id = $1 AND m.supertokens_user_id = $3::text::bpchar),
    $3::text)

-- name: association_drop_email_tokens
DELETE FROM {emailverification_tokens}
WHERE app_id = $1 AND tenant_id = $2 AND user_id = COALESCE(
    (SELECT m.external_user_id FROM {userid_mapping} m WHERE m.app_id = $1 AND m.supertokens_user_id = $3::text::bpchar),
    $3::text)

-- name: association_drop_roles
DELETE FROM {user_roles}
WHERE app_id = $1 AND tenant_id = $2 AND user_id = COALESCE(
    (SELECT m.external_user_id FROM {userid_mapping} m WHERE m.app_id = $1 AND m.supertokens_user_id = $3::text::bpchar),
    $3::text)

-- name: association_drop_totp_codes
DELETE FROM {totp_used_codes}
WHERE app_id = $1 AND tenant_id = $2 AND user_id = COALESCE(
    (SELECT m.external_user_id FROM {userid_mapping} m WHERE m.app_id = $1 AND m.supertokens_user_id = $3::text::bpchar),
    $3::text)

-- name: association_release
DELETE FROM {recipe_user_tenants} WHERE app_id = $1 AND tenant_id = $2 AND recipe_user_id = $3

-- What the group ($2 its primary user) has reserved in tenants that no member is in any more.
-- name: association_release_for_primary
DELETE FROM {primary_user_tenants} p
WHERE p.app_id = $1 AND p.primary_user_id = $2::text::bpchar AND NOT EXISTS (
    SELECT FROM {app_id_to_user_id} a
    JOIN {recipe_user_tenants} t ON t.app_id = a.app_id AND t.recipe_user_id = a.user_id
    WHERE a.app_id = $1 AND a.primary_or_recipe_user_id = $2::text::bpchar AND t.tenant_id = p.tenant_id)
