-- SPDX-License-Identifier: Apache-2.0
-- Listing, searching and counting users (src/users/list.c). Spec: cdi-users 1, 2.

-- Pages. All rows of a group have the same primary_or_recipe_user_time_joined, so that grouping by it changes nothing and
-- the pagination indexes give the rows in order: a page costs the same in a large tenant as in a small one.
-- $1 app, $2 tenant, $3 recipes (none: all), $4 time and $5 id of the first user, $6 how many

-- name: users_oldest
-- may be stale
SELECT a.primary_or_recipe_user_id, a.primary_or_recipe_user_time_joined
FROM {app_id_to_user_id} a
WHERE a.app_id = $1 AND ($3::text[] = '{}' OR a.recipe_id = ANY ($3::text[]))
  AND a.primary_or_recipe_user_time_joined >= $4::bigint
  AND (a.primary_or_recipe_user_time_joined > $4::bigint OR a.primary_or_recipe_user_id <= $5::text::bpchar)
  AND EXISTS (SELECT 1 FROM {recipe_user_tenants} t
              WHERE t.app_id = $1 AND t.tenant_id = $2 AND t.recipe_user_id = a.user_id)
GROUP BY a.primary_or_recipe_user_time_joined, a.primary_or_recipe_user_id
ORDER BY a.primary_or_recipe_user_time_joined, a.primary_or_recipe_user_id DESC
LIMIT $6::bigint

-- name: users_newest
-- may be stale
SELECT a.primary_or_recipe_user_id, a.primary_or_recipe_user_time_joined
FROM {app_id_to_user_id} a
WHERE a.app_id = $1 AND ($3::text[] = '{}' OR a.recipe_id = ANY ($3::text[]))
  AND a.primary_or_recipe_user_time_joined <= $4::bigint
  AND (a.primary_or_recipe_user_time_joined < $4::bigint OR a.primary_or_recipe_user_id <= $5::text::bpchar)
  AND EXISTS (SELECT 1 FROM {recipe_user_tenants} t
              WHERE t.app_id = $1 AND t.tenant_id = $2 AND t.recipe_user_id = a.user_id)
GROUP BY a.primary_or_recipe_user_time_joined, a.primary_or_recipe_user_id
ORDER BY a.primary_or_recipe_user_time_joined DESC, a.primary_or_recipe_user_id DESC
LIMIT $6::bigint

-- Each kind of tag looks into an index of its own. A value that begins with a tag lies between the tag and the tag with
-- the last of all characters behind it, in the order of bytes (the ~ operators).
-- $1 app, $2 tenant, tags in lower case: $3 email, $4 phone, $5 provider; $6 number of kinds given, $7 newest first, $8 how many
-- name: users_search
-- may be stale
WITH hits AS (
    SELECT t.recipe_user_id, 'email' AS kind
    FROM unnest($3::text[]) AS tag
    JOIN {recipe_user_tenants} t ON t.app_id = $1 AND t.tenant_id = $2 AND t.account_info_type = 'email'
        AND t.account_info_value ~>=~ tag AND t.account_info_value ~<~ (tag || U&'\+10FFFF')
    UNION
    SELECT t.recipe_user_id, 'email'
    FROM unnest($3::text[]) AS tag
    JOIN {recipe_user_tenants} t ON t.app_id = $1 AND t.tenant_id = $2 AND t.account_info_type = 'email'
        AND lower(split_part(t.account_info_value, '@', 2)) ~>=~ tag
        AND lower(split_part(t.account_info_value, '@', 2)) ~<~ (tag || U&'\+10FFFF')
    UNION
    SELECT t.recipe_user_id, 'phone'
    FROM unnest($4::text[]) AS tag
    JOIN {recipe_user_tenants} t ON t.app_id = $1 AND t.tenant_id = $2 AND t.account_info_type = 'phone'
        AND t.account_info_value ~>=~ tag AND t.account_info_value ~<~ (tag || U&'\+10FFFF')
    UNION
    SELECT t.recipe_user_id, 'provider'
    FROM unnest($5::text[]) AS tag
    JOIN {recipe_user_tenants} t ON t.app_id = $1 AND t.tenant_id = $2 AND t.account_info_type = 'tparty'
        AND lower(t.account_info_value) ~>=~ tag AND lower(t.account_info_value) ~<~ (tag || U&'\+10FFFF'))
SELECT a.primary_or_recipe_user_id
FROM (SELECT recipe_user_id FROM hits GROUP BY recipe_user_id HAVING count(*) = $6::bigint) h
JOIN {app_id_to_user_id} a ON a.app_id = $1 AND a.user_id = h.recipe_user_id
GROUP BY a.primary_or_recipe_user_time_joined, a.primary_or_recipe_user_id
ORDER BY CASE WHEN $7::boolean THEN - a.primary_or_recipe_user_time_joined
              ELSE a.primary_or_recipe_user_time_joined END, a.primary_or_recipe_user_id DESC
LIMIT $8::bigint

-- $1 app, $2 tenant (NULL: the whole app), $3 recipes (none: all)
-- name: users_count
-- may be stale
SELECT count(DISTINCT a.primary_or_recipe_user_id)
FROM {app_id_to_user_id} a
WHERE a.app_id = $1 AND ($3::text[] = '{}' OR a.recipe_id = ANY ($3::text[]))
  AND ($2::text IS NULL OR EXISTS (
      SELECT 1 FROM {recipe_user_tenants} t
      WHERE t.app_id = $1 AND t.tenant_id = $2::text AND t.recipe_user_id = a.user_id))
