-- SPDX-License-Identifier: Apache-2.0
-- Users of a third-party provider.

-- table: thirdparty_users
-- time_joined: ms.
CREATE TABLE IF NOT EXISTS {thirdparty_users} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    third_party_id VARCHAR(28) NOT NULL,
    third_party_user_id VARCHAR(256) NOT NULL,
    user_id CHAR(36) NOT NULL,
    email VARCHAR(256) NOT NULL,
    time_joined BIGINT NOT NULL,
    CONSTRAINT {#thirdparty_users}_pkey PRIMARY KEY (app_id, user_id),
    CONSTRAINT {#thirdparty_users}_user_id_fkey FOREIGN KEY (app_id, user_id)
        REFERENCES {app_id_to_user_id} (app_id, user_id) ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS thirdparty_users_email_index ON {thirdparty_users} (app_id, email);
CREATE INDEX IF NOT EXISTS thirdparty_users_thirdparty_user_id_index ON {thirdparty_users}
    (app_id, third_party_id, third_party_user_id);
