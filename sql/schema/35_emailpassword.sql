-- SPDX-License-Identifier: Apache-2.0
-- Users with a password.

-- table: emailpassword_users
-- email in lower case. time_joined: ms.
CREATE TABLE IF NOT EXISTS {emailpassword_users} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    user_id CHAR(36) NOT NULL,
    email VARCHAR(256) NOT NULL,
    password_hash VARCHAR(256) NOT NULL,
    time_joined BIGINT NOT NULL,
    CONSTRAINT {#emailpassword_users}_pkey PRIMARY KEY (app_id, user_id),
    CONSTRAINT {#emailpassword_users}_user_id_fkey FOREIGN KEY (app_id, user_id)
        REFERENCES {app_id_to_user_id} (app_id, user_id) ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS emailpassword_users_email_index ON {emailpassword_users} (app_id, email);

-- table: emailpassword_pswd_reset_tokens
-- token: hash of what was given out. token_expiry: ms.
CREATE TABLE IF NOT EXISTS {emailpassword_pswd_reset_tokens} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    user_id CHAR(36) NOT NULL,
    token VARCHAR(128) NOT NULL,
    email VARCHAR(256),
    token_expiry BIGINT NOT NULL,
    CONSTRAINT {#emailpassword_pswd_reset_tokens}_pkey PRIMARY KEY (app_id, user_id, token),
    CONSTRAINT {#emailpassword_pswd_reset_tokens}_token_key UNIQUE (token),
    CONSTRAINT {#emailpassword_pswd_reset_tokens}_user_id_fkey FOREIGN KEY (app_id, user_id)
        REFERENCES {app_id_to_user_id} (app_id, user_id) ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS emailpassword_password_reset_token_expiry_index
    ON {emailpassword_pswd_reset_tokens}
    (token_expiry);
CREATE INDEX IF NOT EXISTS emailpassword_pswd_reset_tokens_user_id_index ON {emailpassword_pswd_reset_tokens}
    (app_id, user_id);
