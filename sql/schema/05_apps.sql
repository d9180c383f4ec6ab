-- SPDX-License-Identifier: Apache-2.0
-- Apps and tenants of this database, and their small state.

-- table: apps
-- Deleting a row removes everything of the app by cascade. created_at_time: ms.
CREATE TABLE IF NOT EXISTS {apps} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    created_at_time BIGINT,
    CONSTRAINT {#apps}_pkey PRIMARY KEY (app_id)
);

-- table: tenants
-- Every tenant whose data is in this database, `public` too. created_at_time: ms.
CREATE TABLE IF NOT EXISTS {tenants} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    tenant_id VARCHAR(64) NOT NULL DEFAULT 'public',
    created_at_time BIGINT,
    CONSTRAINT {#tenants}_pkey PRIMARY KEY (app_id, tenant_id),
    CONSTRAINT {#tenants}_app_id_fkey FOREIGN KEY (app_id) REFERENCES {apps} (app_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS tenants_app_id_index ON {tenants} (app_id);

-- table: key_value
-- App-wide values use the tenant `public`. created_at_time: ms.
CREATE TABLE IF NOT EXISTS {key_value} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    tenant_id VARCHAR(64) NOT NULL DEFAULT 'public',
    name VARCHAR(128) NOT NULL,
    value TEXT,
    created_at_time BIGINT,
    CONSTRAINT {#key_value}_pkey PRIMARY KEY (app_id, tenant_id, name),
    CONSTRAINT {#key_value}_tenant_id_fkey FOREIGN KEY (app_id, tenant_id)
        REFERENCES {tenants} (app_id, tenant_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS key_value_tenant_id_index ON {key_value} (app_id, tenant_id);
