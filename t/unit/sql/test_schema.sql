-- SPDX-License-Identifier: Apache-2.0
-- Statements of t/unit/test_schema.c. Not part of the program.

-- name: test_tables
SELECT count(*) FROM pg_tables WHERE schemaname = '{schema}'

-- name: test_indexes
SELECT count(*) FROM pg_indexes WHERE schemaname = '{schema}'

-- name: test_base_rows
SELECT (SELECT count(*) FROM {apps} WHERE app_id = 'public' AND created_at_time > 0),
       (SELECT count(*) FROM {tenants} WHERE app_id = 'public' AND tenant_id = 'public'),
       (SELECT count(*) FROM {stfcgi_migrations})

-- name: test_drop_schema
DROP SCHEMA IF EXISTS {schema} CASCADE

-- name: test_forget_migrations
TRUNCATE {stfcgi_migrations}

-- name: test_drop_table
DROP TABLE {user_metadata}

-- name: test_legacy_ids
-- $1 how many: users as the reference core leaves them in LEGACY mode.
INSERT INTO {app_id_to_user_id} (user_id, recipe_id, primary_or_recipe_user_id, time_joined)
SELECT 'user-' || n, 'emailpassword', 'user-' || n, 0 FROM generate_series(1, $1::integer) AS n

-- name: test_legacy_logins
INSERT INTO {emailpassword_users} (user_id, email, password_hash, time_joined)
SELECT user_id, trim(user_id) || '@example.com', 'x', 1000 FROM {app_id_to_user_id}
ON CONFLICT DO NOTHING

-- name: test_legacy_memberships
INSERT INTO {all_auth_recipe_users} (user_id, primary_or_recipe_user_id, recipe_id, time_joined,
    primary_or_recipe_user_time_joined)
SELECT user_id, user_id, 'emailpassword', 1000, 1000 FROM {app_id_to_user_id}
ON CONFLICT DO NOTHING

-- name: test_change_email
-- What a core in LEGACY mode does to a user that was brought into the new tables before.
UPDATE {emailpassword_users} SET email = 'changed@example.com' WHERE user_id = 'user-1'

-- name: test_reserved
SELECT (SELECT count(*) FROM {recipe_user_tenants}),
       (SELECT count(*) FROM {recipe_user_account_infos}),
       (SELECT count(*) FROM {app_id_to_user_id} WHERE time_joined = 1000),
       (SELECT count(*) FROM {recipe_user_tenants} WHERE account_info_value = 'changed@example.com')

-- name: test_age_to_core_11
ALTER TABLE {app_id_to_user_id} DROP COLUMN time_joined, DROP COLUMN primary_or_recipe_user_time_joined

-- name: test_drop_new_tables
DROP TABLE {recipe_user_account_infos}, {recipe_user_tenants}, {primary_user_tenants}, {stfcgi_migrations}

-- name: test_age_to_core_6
ALTER TABLE {key_value} DROP COLUMN tenant_id CASCADE

-- name: test_store_mode
INSERT INTO {tenant_configs} (core_config) VALUES ($1)

-- name: test_table_names
SELECT tablename FROM pg_tables
WHERE schemaname = '{schema}' AND tablename IN ('{#session_info}', '{#key_value}') ORDER BY 1
