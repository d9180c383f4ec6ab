-- SPDX-License-Identifier: Apache-2.0
-- Which of the numbered migrations (sql/migrate/) this database has had. Not known to the reference core.

-- table: stfcgi_migrations
-- applied_at: ms.
CREATE TABLE IF NOT EXISTS {stfcgi_migrations} (
    version INTEGER NOT NULL,
    name TEXT NOT NULL,
    applied_at BIGINT NOT NULL,
    CONSTRAINT {#stfcgi_migrations}_pkey PRIMARY KEY (version)
);
