-- SPDX-License-Identifier: Apache-2.0
-- What src/db/ itself sends around the statements of others (spec: db-schema 3).

-- name: tx_begin
BEGIN ISOLATION LEVEL READ COMMITTED

-- name: tx_commit
COMMIT

-- name: tx_rollback
ROLLBACK

-- name: schema_base_app
-- $1 ms. The base app; a row that is there stays.
INSERT INTO {apps} (app_id, created_at_time) VALUES ('public', $1) ON CONFLICT DO NOTHING

-- name: schema_base_tenant
INSERT INTO {tenants} (app_id, tenant_id, created_at_time) VALUES ('public', 'public', $1) ON CONFLICT DO NOTHING

-- name: schema_session
-- For one transaction. Without jit: it would cost more than the statements of the loader.
SELECT set_config('client_min_messages', 'warning', true), set_config('jit', 'off', true)

-- name: tx_begin_read_only
-- What a dry run sees: one state of the database, and no way to change it.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY

-- name: schema_stored_modes
-- $1 app_id. How many of its stored configurations say LEGACY, one of the DUAL_WRITE modes, MIGRATED.
SELECT count(*) FILTER (WHERE mode = 'LEGACY'), count(*) FILTER (WHERE mode LIKE 'DUAL%'),
       count(*) FILTER (WHERE mode = 'MIGRATED')
FROM (SELECT upper(core_config::jsonb ->> 'migration_mode') AS mode
      FROM {tenant_configs} WHERE app_id = $1 AND core_config LIKE '%migration_mode%') AS stored

-- name: schema_analyze
-- Before questions about all users: without statistics (a restored dump, tables just filled) their plans are
-- quadratic.
ANALYZE {app_id_to_user_id}, {all_auth_recipe_users}, {emailpassword_users}, {passwordless_users}, {thirdparty_users},
    {webauthn_users}, {recipe_user_account_infos}, {recipe_user_tenants}, {primary_user_tenants}
