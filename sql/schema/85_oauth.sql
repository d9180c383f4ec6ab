-- SPDX-License-Identifier: Apache-2.0
-- OAuth clients and grants. Times are seconds unless said otherwise.

-- table: oauth_clients
-- client_secret: encrypted.
CREATE TABLE IF NOT EXISTS {oauth_clients} (
    app_id VARCHAR(64) NOT NULL,
    client_id VARCHAR(255) NOT NULL,
    client_secret TEXT,
    enable_refresh_token_rotation BOOLEAN NOT NULL,
    is_client_credentials_only BOOLEAN NOT NULL,
    CONSTRAINT {#oauth_clients}_pkey PRIMARY KEY (app_id, client_id),
    CONSTRAINT {#oauth_clients}_app_id_fkey FOREIGN KEY (app_id) REFERENCES {apps} (app_id) ON DELETE CASCADE
);

-- table: oauth_sessions
-- One row per grant. jti: comma separated.
CREATE TABLE IF NOT EXISTS {oauth_sessions} (
    gid VARCHAR(255) NOT NULL,
    app_id VARCHAR(64) DEFAULT 'public',
    client_id VARCHAR(255) NOT NULL,
    session_handle VARCHAR(128),
    external_refresh_token VARCHAR(255),
    internal_refresh_token VARCHAR(255),
    jti TEXT NOT NULL,
    exp BIGINT NOT NULL,
    CONSTRAINT {#oauth_sessions}_pkey PRIMARY KEY (gid),
    CONSTRAINT {#oauth_sessions}_external_refresh_token_key UNIQUE (external_refresh_token),
    CONSTRAINT {#oauth_sessions}_internal_refresh_token_key UNIQUE (internal_refresh_token),
    CONSTRAINT {#oauth_sessions}_client_id_fkey FOREIGN KEY (app_id, client_id)
        REFERENCES {oauth_clients} (app_id, client_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS oauth_session_client_id_index ON {oauth_sessions} (app_id, client_id);
CREATE INDEX IF NOT EXISTS oauth_session_exp_index ON {oauth_sessions} (exp DESC);
CREATE INDEX IF NOT EXISTS oauth_session_external_refresh_token_index ON {oauth_sessions}
    (app_id, external_refresh_token DESC);
CREATE INDEX IF NOT EXISTS oauth_session_session_handle_index ON {oauth_sessions} (app_id, session_handle);

-- table: oauth_m2m_tokens
-- Client credentials tokens, for statistics.
CREATE TABLE IF NOT EXISTS {oauth_m2m_tokens} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    client_id VARCHAR(255) NOT NULL,
    iat BIGINT NOT NULL,
    exp BIGINT NOT NULL,
    CONSTRAINT {#oauth_m2m_tokens}_pkey PRIMARY KEY (app_id, client_id, iat),
    CONSTRAINT {#oauth_m2m_tokens}_client_id_fkey FOREIGN KEY (app_id, client_id)
        REFERENCES {oauth_clients} (app_id, client_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS oauth_m2m_token_exp_index ON {oauth_m2m_tokens} (exp DESC);
CREATE INDEX IF NOT EXISTS oauth_m2m_token_iat_index ON {oauth_m2m_tokens} (iat DESC, app_id DESC);

-- table: oauth_m2m_token_stats
-- The same counted by hour (seconds / 3600).
CREATE TABLE IF NOT EXISTS {oauth_m2m_token_stats} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    iat_bucket BIGINT NOT NULL,
    exp_bucket BIGINT NOT NULL,
    count BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT {#oauth_m2m_token_stats}_pkey PRIMARY KEY (app_id, iat_bucket, exp_bucket)
);
CREATE INDEX IF NOT EXISTS oauth_m2m_token_stats_exp_bucket_index ON {oauth_m2m_token_stats}
    (app_id, exp_bucket);

-- table: oauth_logout_challenges
-- time_created: ms.
CREATE TABLE IF NOT EXISTS {oauth_logout_challenges} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    challenge VARCHAR(128) NOT NULL,
    client_id VARCHAR(255) NOT NULL,
    post_logout_redirect_uri VARCHAR(1024),
    session_handle VARCHAR(128),
    state VARCHAR(128),
    time_created BIGINT NOT NULL,
    CONSTRAINT {#oauth_logout_challenges}_pkey PRIMARY KEY (app_id, challenge),
    CONSTRAINT {#oauth_logout_challenges}_client_id_fkey FOREIGN KEY (app_id, client_id)
        REFERENCES {oauth_clients} (app_id, client_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS oauth_logout_challenges_time_created_index ON {oauth_logout_challenges}
    (time_created DESC);
