-- SPDX-License-Identifier: Apache-2.0
-- Indexes that tables made by older versions lack.

-- ensure: indexes
-- Looks in the catalog first: CREATE INDEX IF NOT EXISTS would lock out writers of the table before it looks. An
-- index name that is taken counts as present, whatever it indexes (names carry no prefix).
DO $$
DECLARE
    missing record;
BEGIN
    FOR missing IN
        SELECT v.* FROM (VALUES
            ('passwordless_codes_device_id_hash_index', '{passwordless_codes}',
             '(app_id, tenant_id, device_id_hash)'),
            ('user_last_active_app_id_last_active_time_index', '{user_last_active}',
             '(app_id, last_active_time)'),
            ('app_id_to_user_id_linked_flag_index', '{app_id_to_user_id}',
             '(app_id, user_id, is_linked_or_is_a_primary_user)'),
            -- Ours: users not yet in the reservation tables. Empty, hence free, once there are none; makes asking
            -- for them at every start a matter of one page.
            ('app_id_to_user_id_pending_index', '{app_id_to_user_id}',
             '(app_id, user_id) WHERE time_joined = 0'),
            ('idx_recipe_user_account_infos_app_primary_user', '{recipe_user_account_infos}',
             '(app_id, primary_user_id)'),
            ('idx_recipe_user_account_infos_account_info', '{recipe_user_account_infos}',
             '(app_id, account_info_type, account_info_value)'),
            ('idx_recipe_user_tenants_tenant_recipe_user', '{recipe_user_tenants}',
             '(app_id, tenant_id, recipe_user_id)'),
            ('idx_recipe_user_tenants_account_info_pattern', '{recipe_user_tenants}',
             '(app_id, tenant_id, account_info_type, account_info_value text_pattern_ops)'),
            ('idx_recipe_user_tenants_search_domain', '{recipe_user_tenants}',
             '(app_id, tenant_id, lower(split_part(account_info_value, ''@'', 2)) text_pattern_ops)'
             ' WHERE account_info_type = ''email'''),
            ('idx_recipe_user_tenants_search_tparty', '{recipe_user_tenants}',
             '(app_id, tenant_id, lower(account_info_value) text_pattern_ops)'
             ' WHERE account_info_type = ''tparty'''),
            ('idx_primary_user_tenants_tenant_primary', '{primary_user_tenants}',
             '(app_id, tenant_id, primary_user_id)'),
            ('oauth_session_client_id_index', '{oauth_sessions}', '(app_id, client_id)'),
            ('oauth_session_session_handle_index', '{oauth_sessions}', '(app_id, session_handle)')
        ) AS v (name, on_table, definition)
        WHERE NOT EXISTS (SELECT FROM pg_class c
                          WHERE c.relname = v.name
                            AND c.relnamespace = (SELECT t.relnamespace FROM pg_class t
                                                  WHERE t.oid = to_regclass(v.on_table)))
    LOOP
        BEGIN
            EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %s %s',
                           missing.name, missing.on_table, missing.definition);
        EXCEPTION
            -- The table or column comes with `supertokens migrate`, or another node was faster.
            WHEN undefined_table OR undefined_column OR duplicate_table OR unique_violation THEN NULL;
        END;
    END LOOP;
END $$;

-- ensure: index superseded by idx_recipe_user_tenants_account_info_pattern
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
               WHERE i.indrelid = '{recipe_user_tenants}'::regclass
                 AND c.relname = 'idx_recipe_user_tenants_account_info') THEN
        DROP INDEX IF EXISTS {schema}.idx_recipe_user_tenants_account_info;
    END IF;
END $$;
