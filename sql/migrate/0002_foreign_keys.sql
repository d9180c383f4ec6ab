-- SPDX-License-Identifier: Apache-2.0
-- Foreign keys that core 12 changed. Keys are compared by what they do, not by name. Nothing happens to a database
-- whose keys are right.

-- step: keys that no longer exist
-- Deleting a role deletes its assignments explicitly since core 8. Recovery tokens pointed at the per-tenant user
-- table, which is not written any more, until core 12.
DO $$
DECLARE
    old record;
BEGIN
    FOR old IN
        SELECT conrelid::regclass AS on_table, conname
        FROM pg_constraint
        WHERE contype = 'f'
          AND (conrelid = to_regclass('{user_roles}') AND confrelid = to_regclass('{roles}')
               OR conrelid = to_regclass('{webauthn_account_recovery_tokens}')
                  AND confrelid = to_regclass('{all_auth_recipe_users}'))
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', old.on_table, old.conname);
    END LOOP;
END $$;

-- step: keys that follow a changed id (ON UPDATE CASCADE)
DO $$
DECLARE
    wanted record;
    old record;
    present boolean;
BEGIN
    FOR wanted IN
        SELECT v.* FROM (VALUES
            ('{app_id_to_user_id}', '{#app_id_to_user_id}_primary_or_recipe_user_id_fkey',
             'app_id, primary_or_recipe_user_id', '{app_id_to_user_id}', 'app_id, user_id'),
            ('{all_auth_recipe_users}', '{#all_auth_recipe_users}_primary_or_recipe_user_id_fkey',
             'app_id, primary_or_recipe_user_id', '{app_id_to_user_id}', 'app_id, user_id'),
            ('{all_auth_recipe_users}', '{#all_auth_recipe_users}_user_id_fkey',
             'app_id, user_id', '{app_id_to_user_id}', 'app_id, user_id'),
            ('{userid_mapping}', '{#userid_mapping}_supertokens_user_id_fkey',
             'app_id, supertokens_user_id', '{app_id_to_user_id}', 'app_id, user_id'),
            ('{emailpassword_users}', '{#emailpassword_users}_user_id_fkey',
             'app_id, user_id', '{app_id_to_user_id}', 'app_id, user_id'),
            ('{emailpassword_pswd_reset_tokens}', '{#emailpassword_pswd_reset_tokens}_user_id_fkey',
             'app_id, user_id', '{app_id_to_user_id}', 'app_id, user_id'),
            ('{thirdparty_users}', '{#thirdparty_users}_user_id_fkey',
             'app_id, user_id', '{app_id_to_user_id}', 'app_id, user_id'),
            ('{passwordless_users}', '{#passwordless_users}_user_id_fkey',
             'app_id, user_id', '{app_id_to_user_id}', 'app_id, user_id'),
            ('{webauthn_users}', '{#webauthn_users}_user_id_fkey',
             'app_id, user_id', '{app_id_to_user_id}', 'app_id, user_id'),
            ('{webauthn_account_recovery_tokens}', 'webauthn_account_recovery_token_user_id_fkey',
             'app_id, user_id', '{app_id_to_user_id}', 'app_id, user_id'),
            ('{passwordless_codes}', '{#passwordless_codes}_device_id_hash_fkey',
             'app_id, tenant_id, device_id_hash', '{passwordless_devices}', 'app_id, tenant_id, device_id_hash'),
            ('{dashboard_user_sessions}', '{#dashboard_user_sessions}_user_id_fkey',
             'app_id, user_id', '{dashboard_users}', 'app_id, user_id')
        ) AS v (on_table, name, columns, target, target_columns)
        WHERE to_regclass(v.on_table) IS NOT NULL AND to_regclass(v.target) IS NOT NULL
    LOOP
        present := false;
        FOR old IN
            SELECT k.conname, k.confupdtype = 'c' AND k.confdeltype = 'c' AS right_actions
            FROM pg_constraint k
            WHERE k.contype = 'f'
              AND k.conrelid = wanted.on_table::regclass AND k.confrelid = wanted.target::regclass
              AND wanted.columns = (SELECT string_agg(a.attname, ', ' ORDER BY c.place)
                                    FROM unnest(k.conkey) WITH ORDINALITY AS c (number, place)
                                    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.number)
        LOOP
            IF old.right_actions AND NOT present THEN
                present := true;
            ELSE
                EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', wanted.on_table, old.conname);
            END IF;
        END LOOP;
        IF NOT present THEN
            EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I FOREIGN KEY (%s) REFERENCES %s (%s)'
                           ' ON UPDATE CASCADE ON DELETE CASCADE',
                           wanted.on_table, wanted.name, wanted.columns, wanted.target, wanted.target_columns);
        END IF;
    END LOOP;
END $$;
