-- SPDX-License-Identifier: Apache-2.0
-- Columns that later versions of the reference added by themselves.

-- ensure: refresh grace period of session_info, optional state of saml_relay_state
-- Looks before it alters: ALTER TABLE would take its exclusive lock even where there is nothing to do.
DO $$
BEGIN
    IF (SELECT count(*) < 2 FROM pg_attribute
        WHERE attrelid = '{session_info}'::regclass AND NOT attisdropped
          AND attname IN ('prev_refresh_token_hash_2', 'refresh_token_rotated_at')) THEN
        ALTER TABLE {session_info}
            ADD COLUMN IF NOT EXISTS prev_refresh_token_hash_2 VARCHAR(128),
            ADD COLUMN IF NOT EXISTS refresh_token_rotated_at BIGINT;
    END IF;

    -- Tables made by the upgrade notes of SAML's first version ask for a state; a login may have none.
    IF EXISTS (SELECT FROM pg_attribute
               WHERE attrelid = '{saml_relay_state}'::regclass AND attname = 'state' AND attnotnull) THEN
        ALTER TABLE {saml_relay_state} ALTER COLUMN state DROP NOT NULL;
    END IF;
END $$;
