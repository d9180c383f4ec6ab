-- SPDX-License-Identifier: Apache-2.0
-- Verified e-mail addresses and the tokens that verify them.

-- table: emailverification_verified_emails
-- A row says that this user's address is verified.
CREATE TABLE IF NOT EXISTS {emailverification_verified_emails} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    user_id VARCHAR(128) NOT NULL,
    email VARCHAR(256) NOT NULL,
    CONSTRAINT {#emailverification_verified_emails}_pkey PRIMARY KEY (app_id, user_id, email),
    CONSTRAINT {#emailverification_verified_emails}_app_id_fkey FOREIGN KEY (app_id)
        REFERENCES {apps} (app_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS emailverification_verified_emails_app_id_email_index
    ON {emailverification_verified_emails}
    (app_id, email);
CREATE INDEX IF NOT EXISTS emailverification_verified_emails_app_id_index
    ON {emailverification_verified_emails}
    (app_id);

-- table: emailverification_tokens
-- token: hash. user_id: whatever id the caller used. token_expiry: ms.
CREATE TABLE IF NOT EXISTS {emailverification_tokens} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    tenant_id VARCHAR(64) NOT NULL DEFAULT 'public',
    user_id VARCHAR(128) NOT NULL,
    email VARCHAR(256) NOT NULL,
    token VARCHAR(128) NOT NULL,
    token_expiry BIGINT NOT NULL,
    CONSTRAINT {#emailverification_tokens}_pkey PRIMARY KEY (app_id, tenant_id, user_id, email, token),
    CONSTRAINT {#emailverification_tokens}_token_key UNIQUE (token),
    CONSTRAINT {#emailverification_tokens}_tenant_id_fkey FOREIGN KEY (app_id, tenant_id)
        REFERENCES {tenants} (app_id, tenant_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS emailverification_tokens_index ON {emailverification_tokens} (token_expiry);
CREATE INDEX IF NOT EXISTS emailverification_tokens_tenant_id_index ON {emailverification_tokens}
    (app_id, tenant_id);
