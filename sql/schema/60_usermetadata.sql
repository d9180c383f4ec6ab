-- SPDX-License-Identifier: Apache-2.0
-- Metadata of users.

-- table: user_metadata
-- user_metadata: JSON object.
CREATE TABLE IF NOT EXISTS {user_metadata} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    user_id VARCHAR(128) NOT NULL,
    user_metadata TEXT NOT NULL,
    CONSTRAINT {#user_metadata}_pkey PRIMARY KEY (app_id, user_id),
    CONSTRAINT {#user_metadata}_app_id_fkey FOREIGN KEY (app_id) REFERENCES {apps} (app_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS user_metadata_app_id_index ON {user_metadata} (app_id);
