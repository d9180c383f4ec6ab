-- SPDX-License-Identifier: Apache-2.0
-- Users with passkeys.

-- table: webauthn_users
-- time_joined: ms.
CREATE TABLE IF NOT EXISTS {webauthn_users} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    user_id CHAR(36) NOT NULL,
    email VARCHAR(256) NOT NULL,
    rp_id VARCHAR(256) NOT NULL,
    time_joined BIGINT NOT NULL,
    CONSTRAINT {#webauthn_users}_pkey PRIMARY KEY (app_id, user_id),
    CONSTRAINT {#webauthn_users}_user_id_fkey FOREIGN KEY (app_id, user_id)
        REFERENCES {app_id_to_user_id} (app_id, user_id) ON UPDATE CASCADE ON DELETE CASCADE
);

-- table: webauthn_credentials
-- id: base64url. public_key: attested credential data (aaguid, id length, id, COSE key). transports: JSON
-- array. Times: ms.
CREATE TABLE IF NOT EXISTS {webauthn_credentials} (
    id VARCHAR(256) NOT NULL,
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    rp_id VARCHAR(256) NOT NULL,
    user_id CHAR(36),
    counter BIGINT NOT NULL,
    public_key BYTEA NOT NULL,
    transports TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT {#webauthn_credentials}_pkey PRIMARY KEY (app_id, rp_id, id),
    CONSTRAINT {#webauthn_credentials}_user_id_fkey FOREIGN KEY (app_id, user_id)
        REFERENCES {webauthn_users} (app_id, user_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS webauthn_credentials_user_id_index ON {webauthn_credentials} (user_id);

-- table: webauthn_generated_options
-- challenge: base64url. Times: ms.
CREATE TABLE IF NOT EXISTS {webauthn_generated_options} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    tenant_id VARCHAR(64) NOT NULL DEFAULT 'public',
    id CHAR(36) NOT NULL,
    challenge VARCHAR(256) NOT NULL,
    email VARCHAR(256),
    rp_id VARCHAR(256) NOT NULL,
    rp_name VARCHAR(256) NOT NULL,
    origin VARCHAR(256) NOT NULL,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    user_presence_required BOOLEAN NOT NULL DEFAULT false,
    user_verification VARCHAR(12) NOT NULL DEFAULT 'preferred',
    CONSTRAINT {#webauthn_generated_options}_pkey PRIMARY KEY (app_id, tenant_id, id),
    CONSTRAINT {#webauthn_generated_options}_tenant_id_fkey FOREIGN KEY (app_id, tenant_id)
        REFERENCES {tenants} (app_id, tenant_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS webauthn_user_challenges_expires_at_index ON {webauthn_generated_options}
    (app_id, tenant_id, expires_at);

-- table: webauthn_account_recovery_tokens
-- token: hash. expires_at: ms. Its constraints have carried these names, without prefix, since the first version.
CREATE TABLE IF NOT EXISTS {webauthn_account_recovery_tokens} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    tenant_id VARCHAR(64) NOT NULL DEFAULT 'public',
    user_id CHAR(36) NOT NULL,
    email VARCHAR(256) NOT NULL,
    token VARCHAR(256) NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT webauthn_account_recovery_token_pkey PRIMARY KEY (app_id, tenant_id, user_id, token),
    CONSTRAINT webauthn_account_recovery_token_user_id_fkey FOREIGN KEY (app_id, user_id)
        REFERENCES {app_id_to_user_id} (app_id, user_id) ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS webauthn_account_recovery_token_email_index ON {webauthn_account_recovery_tokens}
    (app_id, tenant_id, email);
CREATE INDEX IF NOT EXISTS webauthn_account_recovery_token_expires_at_index
    ON {webauthn_account_recovery_tokens}
    (expires_at DESC);
CREATE INDEX IF NOT EXISTS webauthn_account_recovery_token_token_index ON {webauthn_account_recovery_tokens}
    (app_id, tenant_id, token);
