-- SPDX-License-Identifier: Apache-2.0
-- Users of all auth recipes (src/users/). Spec: db-schema 7.7, cdi-users 4, 5.

-- Login methods of whole users, found by any of: ids ($2: recipe, primary or external ids), identifiers in a tenant
-- ($3; $4 types and $5 values in pairs), passkeys in a tenant ($6 credential ids). A login method that was deleted
-- while its id lives on as the group's primary id has no account infos and is left out. A passwordless user without an
-- address counts as verified: it signed up with its phone.
-- Ids are compared as text too: CHAR(n) does not count blanks at the end.
-- name: users_load
SELECT a.primary_or_recipe_user_id, a.user_id, a.recipe_id, a.is_linked_or_is_a_primary_user, a.time_joined,
       m.external_user_id, pm.external_user_id, i.email, i.phone, i.third_party_id, i.third_party_user_id,
       ARRAY(SELECT DISTINCT t.tenant_id FROM {recipe_user_tenants} t
             WHERE t.app_id = a.app_id AND t.recipe_user_id = a.user_id),
       CASE WHEN i.email IS NULL THEN a.recipe_id = 'passwordless' ELSE EXISTS (
           SELECT 1 FROM {emailverification_verified_emails} v
           WHERE v.app_id = a.app_id AND v.user_id = COALESCE(m.external_user_id, a.user_id::text)
             AND v.email = i.email) END,
       CASE WHEN a.recipe_id = 'webauthn' THEN ARRAY(
           SELECT c.id FROM {webauthn_credentials} c WHERE c.app_id = a.app_id AND c.user_id = a.user_id
           ORDER BY c.created_at) END
FROM {app_id_to_user_id} a
LEFT JOIN {userid_mapping} m ON m.app_id = a.app_id AND m.supertokens_user_id = a.user_id
LEFT JOIN {userid_mapping} pm ON pm.app_id = a.app_id AND pm.supertokens_user_id = a.primary_or_recipe_user_id
JOIN LATERAL (
    SELECT max(x.account_info_value) FILTER (WHERE x.account_info_type = 'email') AS email,
           max(x.account_info_value) FILTER (WHERE x.account_info_type = 'phone') AS phone,
           max(x.third_party_id) FILTER (WHERE x.account_info_type = 'email' AND x.recipe_id = 'thirdparty')
               AS third_party_id,
           max(x.third_party_user_id) FILTER (WHERE x.account_info_type = 'email' AND x.recipe_id = 'thirdparty')
               AS third_party_user_id
    FROM {recipe_user_account_infos} x
    WHERE x.app_id = a.app_id AND x.recipe_user_id = a.user_id
    HAVING count(*) > 0) i ON true
WHERE a.app_id = $1 AND a.primary_or_recipe_user_id = ANY (ARRAY(
    SELECT p.primary_or_recipe_user_id FROM unnest($2::text[]) AS wanted (id)
    JOIN {app_id_to_user_id} p ON p.app_id = $1 AND p.user_id = wanted.id::bpchar AND p.user_id::text = wanted.id
    UNION
    SELECT p.primary_or_recipe_user_id FROM {userid_mapping} x
    JOIN {app_id_to_user_id} p ON p.app_id = x.app_id AND p.user_id = x.supertokens_user_id
    WHERE x.app_id = $1 AND x.external_user_id = ANY ($2::text[])
    UNION
    SELECT p.primary_or_recipe_user_id FROM unnest($4::text[], $5::text[]) AS wanted (type, value)
    JOIN {recipe_user_tenants} r ON r.app_id = $1 AND r.tenant_id = $3 AND r.account_info_type = wanted.type
        AND r.account_info_value = wanted.value
    JOIN {app_id_to_user_id} p ON p.app_id = r.app_id AND p.user_id = r.recipe_user_id
    UNION
    SELECT p.primary_or_recipe_user_id FROM {webauthn_credentials} c
    JOIN {recipe_user_tenants} r ON r.app_id = c.app_id AND r.recipe_user_id = c.user_id AND r.tenant_id = $3
    JOIN {app_id_to_user_id} p ON p.app_id = c.app_id AND p.user_id = c.user_id
    WHERE c.app_id = $1 AND c.id = ANY ($6::text[])))
ORDER BY a.primary_or_recipe_user_id, a.time_joined, a.user_id

-- A sign-up or sign-in, for the activity log (spec: cdi-misc 2). $1 app, $2 tenant, $3 recipe user, $4 primary user, $5 event,
-- $6 auth principal, $7 identifier, $8 now (ms)
-- name: user_event
INSERT INTO {activity_log} (app_id, tenant_id, recipe_user_id, primary_or_recipe_user_id, event_type, status,
                            auth_principal, identifier, created_at)
VALUES ($1, $2, $3, $4, $5, 'success', $6, $7, $8)

-- Last activity (spec: cdi-misc 1), with its line in the activity log.
-- name: user_active
WITH active AS (
    INSERT INTO {user_last_active} (app_id, user_id, last_active_time) VALUES ($1, $2, $3)
    ON CONFLICT (app_id, user_id) DO UPDATE SET last_active_time = EXCLUDED.last_active_time)
INSERT INTO {activity_log} (app_id, tenant_id, recipe_user_id, primary_or_recipe_user_id, event_type, status,
                            created_at)
VALUES ($1, 'public', $2, $2, 'user_last_active', 'success', $3)

-- Locking users before a change (spec: db-schema 3.1). $1 app, $2 recipe user ids

-- name: users_linked_primaries
SELECT primary_or_recipe_user_id FROM {app_id_to_user_id}
WHERE app_id = $1 AND user_id = ANY ($2::text[]::bpchar[]) AND is_linked_or_is_a_primary_user
  AND primary_or_recipe_user_id <> user_id

-- name: users_lock
SELECT user_id, primary_or_recipe_user_id, is_linked_or_is_a_primary_user, recipe_id
FROM {app_id_to_user_id}
WHERE app_id = $1 AND user_id = ANY ($2::text[]::bpchar[])
ORDER BY user_id FOR UPDATE

-- The internal id of an id of any kind; an internal one wins. Compared as text too: CHAR(n) does not count blanks at the end.
-- name: user_internal_id
SELECT p.user_id FROM {app_id_to_user_id} p
WHERE p.app_id = $1 AND p.user_id = $2::text::bpchar AND p.user_id::text = $2::text
UNION ALL
SELECT m.supertokens_user_id FROM {userid_mapping} m WHERE m.app_id = $1 AND m.external_user_id = $2::text
LIMIT 1

-- Change of an identifier of a locked user (spec: db-schema 7.5), in this order.
-- $1 app, $2 recipe user id, $3 type, $4 new value, $5 primary user id (NULL: neither primary nor linked)

-- The group's reservations of the type that no other member backs; those of the new value ($5) are kept, also in tenants
-- that only the group has.
-- name: account_info_unreserve
DELETE FROM {primary_user_tenants} p
WHERE p.app_id = $1 AND p.primary_user_id = $4 AND p.account_info_type = $3 AND p.account_info_value <> $5
  AND p.account_info_value NOT IN (
      SELECT t.account_info_value
      FROM {app_id_to_user_id} a
      JOIN {recipe_user_tenants} t ON t.app_id = a.app_id AND t.recipe_user_id = a.user_id
      WHERE a.app_id = $1 AND a.primary_or_recipe_user_id = $4 AND a.user_id <> $2
        AND t.account_info_type = $3)

-- $5: the recipe, for a user that has no identifier of this type yet
-- name: account_info_reserve
INSERT INTO {recipe_user_tenants} (app_id, recipe_user_id, tenant_id, recipe_id, account_info_type,
                                   account_info_value, third_party_id, third_party_user_id)
SELECT $1, $2, t.tenant_id, $5, $3, $4, COALESCE(old.third_party_id, ''), COALESCE(old.third_party_user_id, '')
FROM (SELECT DISTINCT tenant_id FROM {recipe_user_tenants} WHERE app_id = $1 AND recipe_user_id = $2) t
LEFT JOIN {recipe_user_tenants} old ON old.app_id = $1 AND old.recipe_user_id = $2
    AND old.tenant_id = t.tenant_id AND old.account_info_type = $3
WHERE old.account_info_value IS DISTINCT FROM $4

-- name: account_info_drop_others
DELETE FROM {recipe_user_tenants}
WHERE app_id = $1 AND recipe_user_id = $2 AND account_info_type = $3 AND account_info_value <> $4

-- name: account_info_set
UPDATE {recipe_user_account_infos} SET account_info_value = $4
WHERE app_id = $1 AND recipe_user_id = $2 AND account_info_type = $3

-- name: account_info_reserve_for_primary
INSERT INTO {primary_user_tenants} (app_id, tenant_id, account_info_type, account_info_value, primary_user_id)
SELECT DISTINCT t.app_id, t.tenant_id, t.account_info_type, t.account_info_value, $4::text::bpchar
FROM {recipe_user_tenants} t
WHERE t.app_id = $1 AND t.recipe_user_id = $2 AND t.account_info_type = $3
  AND NOT EXISTS (SELECT 1 FROM {primary_user_tenants} p
                  WHERE p.app_id = t.app_id AND p.tenant_id = t.tenant_id
                    AND p.account_info_type = t.account_info_type
                    AND p.account_info_value = t.account_info_value AND p.primary_user_id = $4::text::bpchar)
