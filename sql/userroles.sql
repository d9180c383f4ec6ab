-- SPDX-License-Identifier: Apache-2.0
-- Roles, their permissions, and who has them (src/userroles/). Spec: cdi-userroles. Statements about roles run in the database of
-- the app, those about user_roles in the tenant's, those about both where the two are one.

-- $1 app, $2 role, $3 permissions; sorted, so that two of these cannot wait for each other. Returns whether the role is new.
-- name: role_put
WITH made AS (
    INSERT INTO {roles} (app_id, role) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING role),
permissions AS (
    INSERT INTO {role_permissions} (app_id, role, permission)
    SELECT DISTINCT $1, $2, p FROM unnest($3::text[]) AS p ORDER BY p ON CONFLICT DO NOTHING)
SELECT EXISTS (SELECT FROM made)

-- name: role_list
SELECT role FROM {roles} WHERE app_id = $1 ORDER BY role

-- name: role_exists
SELECT EXISTS (SELECT FROM {roles} WHERE app_id = $1 AND role = $2)

-- One row with the sorted permissions; no row: no such role.
-- name: role_permissions
SELECT ARRAY(SELECT p.permission FROM {role_permissions} p
             WHERE p.app_id = r.app_id AND p.role = r.role ORDER BY p.permission)
FROM {roles} r WHERE r.app_id = $1 AND r.role = $2

-- $3 permissions, NULL: all. Returns whether there is such a role.
-- name: role_drop_permissions
WITH known AS (SELECT FROM {roles} WHERE app_id = $1 AND role = $2 FOR KEY SHARE),
gone AS (
    DELETE FROM {role_permissions}
    WHERE app_id = $1 AND role = $2 AND ($3::text[] IS NULL OR permission = ANY ($3::text[])))
SELECT EXISTS (SELECT FROM known)

-- name: permission_roles
SELECT role FROM {role_permissions} WHERE app_id = $1 AND permission = $2 ORDER BY role

-- Removal of a role: locked first, so that nobody gets it meanwhile.

-- name: role_lock
SELECT FROM {roles} WHERE app_id = $1 AND role = $2 FOR UPDATE

-- name: role_drop_users
DELETE FROM {user_roles} WHERE app_id = $1 AND role = $2

-- name: role_drop
DELETE FROM {roles} WHERE app_id = $1 AND role = $2

-- Roles of users. $1 app, $2 tenant, $3 user, $4 role. Those of both tables return whether there is such a role, and whether
-- a row was written; the role cannot be removed between the two.

-- name: user_role_add
INSERT INTO {user_roles} (app_id, tenant_id, user_id, role) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING

-- name: user_role_add_known
WITH known AS (SELECT FROM {roles} WHERE app_id = $1 AND role = $4 FOR KEY SHARE),
added AS (
    INSERT INTO {user_roles} (app_id, tenant_id, user_id, role)
    SELECT $1, $2, $3, $4 WHERE EXISTS (SELECT FROM known) ON CONFLICT DO NOTHING RETURNING role)
SELECT EXISTS (SELECT FROM known), EXISTS (SELECT FROM added)

-- name: user_role_drop
DELETE FROM {user_roles} WHERE app_id = $1 AND tenant_id = $2 AND user_id = $3 AND role = $4

-- name: user_role_drop_known
WITH known AS (SELECT FROM {roles} WHERE app_id = $1 AND role = $4 FOR KEY SHARE),
gone AS (
    DELETE FROM {user_roles}
    WHERE app_id = $1 AND tenant_id = $2 AND user_id = $3 AND role = $4 AND EXISTS (SELECT FROM known)
    RETURNING role)
SELECT EXISTS (SELECT FROM known), EXISTS (SELECT FROM gone)

-- name: user_role_list
SELECT role FROM {user_roles} WHERE app_id = $1 AND tenant_id = $2 AND user_id = $3 ORDER BY role

-- name: user_role_users
SELECT user_id FROM {user_roles} WHERE app_id = $1 AND tenant_id = $2 AND role = $3 ORDER BY user_id

-- Roles, and permissions by the first role that has them.
-- name: user_role_claims
SELECT ARRAY(SELECT role FROM {user_roles} WHERE app_id = $1 AND tenant_id = $2 AND user_id = $3 ORDER BY role),
       ARRAY(SELECT p.permission FROM {user_roles} u
             JOIN {role_permissions} p ON p.app_id = u.app_id AND p.role = u.role
             WHERE u.app_id = $1 AND u.tenant_id = $2 AND u.user_id = $3
             GROUP BY p.permission ORDER BY min(u.role), p.permission)

-- The permissions alone. $2 roles
-- name: role_claims
SELECT ARRAY(SELECT permission FROM {role_permissions} WHERE app_id = $1 AND role = ANY ($2::text[])
             GROUP BY permission ORDER BY min(role), permission)
