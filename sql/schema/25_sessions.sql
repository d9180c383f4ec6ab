-- SPDX-License-Identifier: Apache-2.0
-- Sessions and the keys that sign their tokens.

-- table: session_access_token_signing_keys
-- Rotating keys. created_at_time: ms.
CREATE TABLE IF NOT EXISTS {session_access_token_signing_keys} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    created_at_time BIGINT NOT NULL,
    value TEXT,
    CONSTRAINT {#session_access_token_signing_keys}_pkey PRIMARY KEY (app_id, created_at_time),
    CONSTRAINT {#session_access_token_signing_keys}_app_id_fkey FOREIGN KEY (app_id)
        REFERENCES {apps} (app_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS access_token_signing_keys_app_id_index ON {session_access_token_signing_keys}
    (app_id);

-- table: jwt_signing_keys
-- Static keys. created_at: ms.
CREATE TABLE IF NOT EXISTS {jwt_signing_keys} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    key_id VARCHAR(255) NOT NULL,
    key_string TEXT NOT NULL,
    algorithm VARCHAR(10) NOT NULL,
    created_at BIGINT,
    CONSTRAINT {#jwt_signing_keys}_pkey PRIMARY KEY (app_id, key_id),
    CONSTRAINT {#jwt_signing_keys}_app_id_fkey FOREIGN KEY (app_id)
        REFERENCES {apps} (app_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS jwt_signing_keys_app_id_index ON {jwt_signing_keys} (app_id);

-- table: session_info
-- expires_at, created_at_time, refresh_token_rotated_at: ms. session_data, jwt_user_payload: JSON.
CREATE TABLE IF NOT EXISTS {session_info} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    tenant_id VARCHAR(64) NOT NULL DEFAULT 'public',
    session_handle VARCHAR(255) NOT NULL,
    user_id VARCHAR(128) NOT NULL,
    refresh_token_hash_2 VARCHAR(128) NOT NULL,
    session_data TEXT,
    expires_at BIGINT NOT NULL,
    created_at_time BIGINT NOT NULL,
    jwt_user_payload TEXT,
    use_static_key BOOLEAN NOT NULL,
    prev_refresh_token_hash_2 VARCHAR(128),
    refresh_token_rotated_at BIGINT,
    CONSTRAINT {#session_info}_pkey PRIMARY KEY (app_id, tenant_id, session_handle),
    CONSTRAINT {#session_info}_tenant_id_fkey FOREIGN KEY (app_id, tenant_id)
        REFERENCES {tenants} (app_id, tenant_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS session_expiry_index ON {session_info} (expires_at);
CREATE INDEX IF NOT EXISTS session_info_tenant_id_index ON {session_info} (app_id, tenant_id);
CREATE INDEX IF NOT EXISTS session_info_user_id_app_id_index ON {session_info} (user_id, app_id);
