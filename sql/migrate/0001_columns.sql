-- SPDX-License-Identifier: Apache-2.0
-- Columns that cores 9 to 12 added. Nothing happens to a database that has them.

-- step: columns added since core 8
DO $$
DECLARE
    missing record;
BEGIN
    FOR missing IN
        SELECT v.* FROM (VALUES
            ('{app_id_to_user_id}', 'time_joined', 'BIGINT NOT NULL DEFAULT 0', false),
            ('{app_id_to_user_id}', 'primary_or_recipe_user_time_joined', 'BIGINT NOT NULL DEFAULT 0', false),
            ('{totp_user_devices}', 'created_at', 'BIGINT', false),
            ('{tenant_configs}', 'is_first_factors_null', 'BOOLEAN', false),
            ('{oauth_clients}', 'client_secret', 'TEXT', false),
            ('{oauth_clients}', 'enable_refresh_token_rotation', 'BOOLEAN NOT NULL DEFAULT false', true)
        ) AS v (on_table, name, type, default_for_old_rows_only)
        WHERE to_regclass(v.on_table) IS NOT NULL
          AND NOT EXISTS (SELECT FROM pg_attribute a
                          WHERE a.attrelid = to_regclass(v.on_table) AND a.attname = v.name
                            AND NOT a.attisdropped)
    LOOP
        EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', missing.on_table, missing.name, missing.type);
        IF missing.default_for_old_rows_only THEN
            EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', missing.on_table, missing.name);
        END IF;
    END LOOP;
END $$;
