-- SPDX-License-Identifier: Apache-2.0
-- In which state is a database? Asked in this order:
--
--   detect_tables           none of ours: EMPTY
--   detect_missing_columns  a row "unsupported": refuse (older than core 7, or a stranger's table)
--                           a row "migrate": LEGACY, unless detect_users says that there is no user
--   (create missing tables; the statements below name all of them)
--   detect_pending          true: LEGACY
--   detect_unreserved       reads all users, so only while migrations_list has no version 0. true: LEGACY
--   otherwise               READY, whatever mode the database was served in: record version 0, "adopted".
--
-- A database in LEGACY mode without users is READY too: it holds nothing that the new tables lack.

-- name: detect_tables
SELECT tablename FROM pg_tables WHERE schemaname = '{schema}';

-- name: detect_columns
-- $1 bare table name.
SELECT a.attname
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relname = $1 AND c.relnamespace = to_regnamespace('{schema}') AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum;

-- name: detect_missing_columns
-- Columns that existing tables lack, and what can be done: migrate (0001_columns adds it), unsupported.
SELECT v.on_table, v.name, v.remedy
FROM (VALUES
    ('{#app_id_to_user_id}', 'time_joined', 'migrate'),
    ('{#app_id_to_user_id}', 'primary_or_recipe_user_time_joined', 'migrate'),
    ('{#totp_user_devices}', 'created_at', 'migrate'),
    ('{#tenant_configs}', 'is_first_factors_null', 'migrate'),
    ('{#oauth_clients}', 'client_secret', 'migrate'),
    ('{#oauth_clients}', 'enable_refresh_token_rotation', 'migrate'),
    ('{#app_id_to_user_id}', 'primary_or_recipe_user_id', 'unsupported'),
    ('{#all_auth_recipe_users}', 'primary_or_recipe_user_time_joined', 'unsupported'),
    ('{#key_value}', 'tenant_id', 'unsupported'),
    ('{#session_info}', 'use_static_key', 'unsupported'),
    ('{#emailpassword_users}', 'app_id', 'unsupported'),
    ('{#emailpassword_pswd_reset_tokens}', 'email', 'unsupported')
) AS v (on_table, name, remedy)
JOIN pg_class c ON c.relname = v.on_table AND c.relnamespace = to_regnamespace('{schema}') AND c.relkind IN ('r', 'p')
WHERE NOT EXISTS (SELECT FROM pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attname = v.name AND NOT a.attisdropped)
ORDER BY v.remedy DESC, v.on_table, v.name;

-- name: detect_users
SELECT EXISTS (SELECT FROM {app_id_to_user_id});

-- name: detect_pending
-- Is a user waiting for the backfill? time_joined = 0 alone does not say so: imported users may have joined at 0,
-- and a primary user whose own login was deleted has nothing to be reserved.
-- Waiting: nothing reserved although the recipe knows an identifier, or in tenants by the old tables only.
WITH u AS MATERIALIZED (
    SELECT app_id, user_id, recipe_id FROM {app_id_to_user_id} WHERE time_joined = 0
)
SELECT EXISTS (
    SELECT FROM u
    WHERE u.recipe_id NOT IN ('emailpassword', 'thirdparty', 'passwordless', 'webauthn') -- never serve past it
       OR NOT EXISTS (SELECT FROM {recipe_user_account_infos} i
                      WHERE i.app_id = u.app_id AND i.recipe_user_id = u.user_id)
          AND EXISTS (SELECT FROM (
                          SELECT app_id, user_id FROM {emailpassword_users}
                          UNION ALL SELECT app_id, user_id FROM {thirdparty_users}
                          UNION ALL SELECT app_id, user_id FROM {webauthn_users}
                          UNION ALL SELECT app_id, user_id FROM {passwordless_users}
                          WHERE coalesce(email, phone_number) IS NOT NULL) r
                      WHERE r.app_id = u.app_id AND r.user_id = u.user_id)
       OR EXISTS (SELECT FROM {all_auth_recipe_users} o
                  WHERE o.app_id = u.app_id AND o.user_id = u.user_id)
          AND NOT EXISTS (SELECT FROM {recipe_user_tenants} t
                          WHERE t.app_id = u.app_id AND t.recipe_user_id = u.user_id));

-- name: detect_unreserved
-- Has a user a time but no reservation? Plugins 9.5.0 to 9.5.2 wrote such users in LEGACY mode. Left out: primary
-- users with other members whose own webauthn login was deleted (the reference forgets their webauthn_users row).
-- Reads all users, but stops at the first answer.
WITH u AS MATERIALIZED (
    SELECT a.app_id, a.user_id, a.recipe_id, a.primary_or_recipe_user_id
    FROM {app_id_to_user_id} a
    WHERE a.time_joined <> 0
      AND NOT EXISTS (SELECT FROM {recipe_user_account_infos} i
                      WHERE i.app_id = a.app_id AND i.recipe_user_id = a.user_id)
)
SELECT EXISTS (
    SELECT FROM u
    WHERE EXISTS (SELECT FROM (
                      SELECT app_id, user_id FROM {emailpassword_users}
                      UNION ALL SELECT app_id, user_id FROM {thirdparty_users}
                      UNION ALL SELECT app_id, user_id FROM {webauthn_users}
                      UNION ALL SELECT app_id, user_id FROM {passwordless_users}
                      WHERE coalesce(email, phone_number) IS NOT NULL) r
                  WHERE r.app_id = u.app_id AND r.user_id = u.user_id)
      AND NOT (u.recipe_id = 'webauthn' AND u.primary_or_recipe_user_id = u.user_id
               AND EXISTS (SELECT FROM {app_id_to_user_id} m
                           WHERE m.app_id = u.app_id AND m.primary_or_recipe_user_id = u.user_id
                             AND m.user_id <> u.user_id)));

-- name: detect_stored_modes
-- Base database: tenants whose stored configuration may name a migration mode (member migration_mode of the JSON).
SELECT connection_uri_domain, app_id, tenant_id, core_config
FROM {tenant_configs}
WHERE core_config LIKE '%migration_mode%'
ORDER BY connection_uri_domain, app_id, tenant_id;

-- name: detect_other_core
-- Sessions that look like a running reference core. Users that it changes in LEGACY mode after their backfill
-- would be stale here, so `supertokens migrate` should refuse while there are any.
SELECT count(*)
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'PostgreSQL JDBC%';
