-- SPDX-License-Identifier: Apache-2.0
-- The users of every mode, and the reservation tables that keep their identifiers unique.

-- table: app_id_to_user_id
-- One row per recipe user. primary_or_recipe_user_id: own id, or the primary user's. Times: ms; 0 = not in the
-- reservation tables yet. primary_or_recipe_user_time_joined: the oldest of the group, equal on all its rows.
CREATE TABLE IF NOT EXISTS {app_id_to_user_id} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    user_id CHAR(36) NOT NULL,
    recipe_id VARCHAR(128) NOT NULL,
    primary_or_recipe_user_id CHAR(36) NOT NULL,
    is_linked_or_is_a_primary_user BOOLEAN NOT NULL DEFAULT false,
    time_joined BIGINT NOT NULL DEFAULT 0,
    primary_or_recipe_user_time_joined BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT {#app_id_to_user_id}_pkey PRIMARY KEY (app_id, user_id),
    CONSTRAINT {#app_id_to_user_id}_app_id_fkey FOREIGN KEY (app_id)
        REFERENCES {apps} (app_id) ON DELETE CASCADE,
    CONSTRAINT {#app_id_to_user_id}_primary_or_recipe_user_id_fkey
        FOREIGN KEY (app_id, primary_or_recipe_user_id)
        REFERENCES {app_id_to_user_id} (app_id, user_id) ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS app_id_to_user_id_app_id_index ON {app_id_to_user_id} (app_id);
CREATE INDEX IF NOT EXISTS app_id_to_user_id_linked_flag_index ON {app_id_to_user_id}
    (app_id, user_id, is_linked_or_is_a_primary_user);
CREATE INDEX IF NOT EXISTS app_id_to_user_id_pagination_index1 ON {app_id_to_user_id}
    (app_id, primary_or_recipe_user_time_joined DESC, primary_or_recipe_user_id DESC);
CREATE INDEX IF NOT EXISTS app_id_to_user_id_pagination_index2 ON {app_id_to_user_id}
    (app_id, primary_or_recipe_user_time_joined, primary_or_recipe_user_id DESC);
CREATE INDEX IF NOT EXISTS app_id_to_user_id_pagination_index3 ON {app_id_to_user_id}
    (recipe_id, app_id, primary_or_recipe_user_time_joined DESC, primary_or_recipe_user_id DESC);
CREATE INDEX IF NOT EXISTS app_id_to_user_id_pagination_index4 ON {app_id_to_user_id}
    (recipe_id, app_id, primary_or_recipe_user_time_joined, primary_or_recipe_user_id DESC);
CREATE INDEX IF NOT EXISTS app_id_to_user_id_primary_user_id_index ON {app_id_to_user_id}
    (primary_or_recipe_user_id, app_id);
CREATE INDEX IF NOT EXISTS app_id_to_user_id_user_id_index ON {app_id_to_user_id} (user_id, app_id);

-- table: recipe_user_account_infos
-- Identifiers of a recipe user, app wide. account_info_type: email, phone, tparty. primary_user_id: NULL until
-- linked or primary.
CREATE TABLE IF NOT EXISTS {recipe_user_account_infos} (
    app_id VARCHAR(64) NOT NULL,
    recipe_user_id CHAR(36) NOT NULL,
    recipe_id VARCHAR(128) NOT NULL,
    account_info_type VARCHAR(8) NOT NULL,
    account_info_value TEXT NOT NULL,
    third_party_id VARCHAR(28) NOT NULL,
    third_party_user_id VARCHAR(256) NOT NULL,
    primary_user_id CHAR(36),
    CONSTRAINT {#recipe_user_account_infos}_pkey PRIMARY KEY
        (app_id, recipe_id, recipe_user_id, account_info_type, third_party_id, third_party_user_id),
    CONSTRAINT {#recipe_user_account_infos}_tenant_id_fkey FOREIGN KEY (app_id)
        REFERENCES {apps} (app_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS idx_recipe_user_account_infos_account_info ON {recipe_user_account_infos}
    (app_id, account_info_type, account_info_value);
CREATE INDEX IF NOT EXISTS idx_recipe_user_account_infos_app_primary_user ON {recipe_user_account_infos}
    (app_id, primary_user_id);
CREATE INDEX IF NOT EXISTS idx_recipe_user_account_infos_app_recipe_user ON {recipe_user_account_infos}
    (app_id, recipe_user_id);

-- table: recipe_user_tenants
-- The same per tenant: the primary key refuses a second sign up of one recipe. A third-party user's email row
-- carries the provider's ids, so several of them may share an address.
CREATE TABLE IF NOT EXISTS {recipe_user_tenants} (
    app_id VARCHAR(64) NOT NULL,
    recipe_user_id CHAR(36) NOT NULL,
    tenant_id VARCHAR(64) NOT NULL,
    recipe_id VARCHAR(128) NOT NULL,
    account_info_type VARCHAR(8) NOT NULL,
    account_info_value TEXT NOT NULL,
    third_party_id VARCHAR(28) NOT NULL,
    third_party_user_id VARCHAR(256) NOT NULL,
    CONSTRAINT {#recipe_user_tenants}_pkey PRIMARY KEY
        (app_id, tenant_id, recipe_id, account_info_type, third_party_id, third_party_user_id,
         account_info_value),
    CONSTRAINT {#recipe_user_tenants}_tenant_id_fkey FOREIGN KEY (app_id, tenant_id)
        REFERENCES {tenants} (app_id, tenant_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS idx_recipe_user_tenants_account_info_pattern ON {recipe_user_tenants}
    (app_id, tenant_id, account_info_type, account_info_value text_pattern_ops);
CREATE INDEX IF NOT EXISTS idx_recipe_user_tenants_recipe_user_id ON {recipe_user_tenants}
    (app_id, recipe_user_id);
CREATE INDEX IF NOT EXISTS idx_recipe_user_tenants_search_domain ON {recipe_user_tenants}
    (app_id, tenant_id, lower(split_part(account_info_value, '@', 2)) text_pattern_ops)
    WHERE account_info_type = 'email';
CREATE INDEX IF NOT EXISTS idx_recipe_user_tenants_search_tparty ON {recipe_user_tenants}
    (app_id, tenant_id, lower(account_info_value) text_pattern_ops)
    WHERE account_info_type = 'tparty';
CREATE INDEX IF NOT EXISTS idx_recipe_user_tenants_tenant ON {recipe_user_tenants} (app_id, tenant_id);
CREATE INDEX IF NOT EXISTS idx_recipe_user_tenants_tenant_recipe_user ON {recipe_user_tenants}
    (app_id, tenant_id, recipe_user_id);

-- table: primary_user_tenants
-- Identifiers held by primary users: the primary key refuses conflicting links.
CREATE TABLE IF NOT EXISTS {primary_user_tenants} (
    app_id VARCHAR(64) NOT NULL,
    tenant_id VARCHAR(64) NOT NULL,
    account_info_type VARCHAR(8) NOT NULL,
    account_info_value TEXT NOT NULL,
    primary_user_id CHAR(36) NOT NULL,
    CONSTRAINT {#primary_user_tenants}_pkey PRIMARY KEY
        (app_id, tenant_id, account_info_type, account_info_value),
    CONSTRAINT {#primary_user_tenants}_app_id_fkey FOREIGN KEY (app_id, tenant_id)
        REFERENCES {tenants} (app_id, tenant_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS idx_primary_user_tenants_primary ON {primary_user_tenants} (primary_user_id);
CREATE INDEX IF NOT EXISTS idx_primary_user_tenants_tenant_primary ON {primary_user_tenants}
    (app_id, tenant_id, primary_user_id);

-- table: userid_mapping
-- Our id and the id that the application uses for the same user.
CREATE TABLE IF NOT EXISTS {userid_mapping} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    supertokens_user_id CHAR(36) NOT NULL,
    external_user_id VARCHAR(128) NOT NULL,
    external_user_id_info TEXT,
    CONSTRAINT {#userid_mapping}_pkey PRIMARY KEY (app_id, supertokens_user_id, external_user_id),
    CONSTRAINT {#userid_mapping}_external_user_id_key UNIQUE (app_id, external_user_id),
    CONSTRAINT {#userid_mapping}_supertokens_user_id_key UNIQUE (app_id, supertokens_user_id),
    CONSTRAINT {#userid_mapping}_supertokens_user_id_fkey FOREIGN KEY (app_id, supertokens_user_id)
        REFERENCES {app_id_to_user_id} (app_id, user_id) ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS userid_mapping_supertokens_user_id_index ON {userid_mapping}
    (app_id, supertokens_user_id);

-- table: user_last_active
-- last_active_time: ms.
CREATE TABLE IF NOT EXISTS {user_last_active} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    user_id VARCHAR(128) NOT NULL,
    last_active_time BIGINT,
    CONSTRAINT {#user_last_active}_pkey PRIMARY KEY (app_id, user_id),
    CONSTRAINT {#user_last_active}_app_id_fkey FOREIGN KEY (app_id)
        REFERENCES {apps} (app_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS user_last_active_app_id_index ON {user_last_active} (app_id);
CREATE INDEX IF NOT EXISTS user_last_active_app_id_last_active_time_index ON {user_last_active}
    (app_id, last_active_time);
CREATE INDEX IF NOT EXISTS user_last_active_last_active_time_index ON {user_last_active}
    (last_active_time DESC, app_id DESC);
