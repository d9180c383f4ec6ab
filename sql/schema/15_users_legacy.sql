-- SPDX-License-Identifier: Apache-2.0
-- The user tables of the older modes. Never written here: `supertokens migrate` reads them, and the reference core
-- expects them to be there.

-- table: all_auth_recipe_users
-- One row per recipe user and tenant; none for a user in no tenant.
CREATE TABLE IF NOT EXISTS {all_auth_recipe_users} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    tenant_id VARCHAR(64) NOT NULL DEFAULT 'public',
    user_id CHAR(36) NOT NULL,
    primary_or_recipe_user_id CHAR(36) NOT NULL,
    is_linked_or_is_a_primary_user BOOLEAN NOT NULL DEFAULT false,
    recipe_id VARCHAR(128) NOT NULL,
    time_joined BIGINT NOT NULL,
    primary_or_recipe_user_time_joined BIGINT NOT NULL,
    CONSTRAINT {#all_auth_recipe_users}_pkey PRIMARY KEY (app_id, tenant_id, user_id),
    CONSTRAINT {#all_auth_recipe_users}_primary_or_recipe_user_id_fkey
        FOREIGN KEY (app_id, primary_or_recipe_user_id)
        REFERENCES {app_id_to_user_id} (app_id, user_id) ON UPDATE CASCADE ON DELETE CASCADE,
    CONSTRAINT {#all_auth_recipe_users}_tenant_id_fkey FOREIGN KEY (app_id, tenant_id)
        REFERENCES {tenants} (app_id, tenant_id) ON DELETE CASCADE,
    CONSTRAINT {#all_auth_recipe_users}_user_id_fkey FOREIGN KEY (app_id, user_id)
        REFERENCES {app_id_to_user_id} (app_id, user_id) ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS all_auth_recipe_tenant_id_index ON {all_auth_recipe_users} (app_id, tenant_id);
CREATE INDEX IF NOT EXISTS all_auth_recipe_user_app_id_index ON {all_auth_recipe_users} (app_id);
CREATE INDEX IF NOT EXISTS all_auth_recipe_user_id_app_id_index ON {all_auth_recipe_users} (app_id, user_id);
CREATE INDEX IF NOT EXISTS all_auth_recipe_user_id_index ON {all_auth_recipe_users} (user_id);
CREATE INDEX IF NOT EXISTS all_auth_recipe_users_pagination_index1 ON {all_auth_recipe_users}
    (app_id, tenant_id, primary_or_recipe_user_time_joined DESC, primary_or_recipe_user_id DESC);
CREATE INDEX IF NOT EXISTS all_auth_recipe_users_pagination_index2 ON {all_auth_recipe_users}
    (app_id, tenant_id, primary_or_recipe_user_time_joined, primary_or_recipe_user_id DESC);
CREATE INDEX IF NOT EXISTS all_auth_recipe_users_pagination_index3 ON {all_auth_recipe_users}
    (recipe_id, app_id, tenant_id, primary_or_recipe_user_time_joined DESC, primary_or_recipe_user_id DESC);
CREATE INDEX IF NOT EXISTS all_auth_recipe_users_pagination_index4 ON {all_auth_recipe_users}
    (recipe_id, app_id, tenant_id, primary_or_recipe_user_time_joined, primary_or_recipe_user_id DESC);
CREATE INDEX IF NOT EXISTS all_auth_recipe_users_primary_user_id_index ON {all_auth_recipe_users}
    (primary_or_recipe_user_id, app_id);
CREATE INDEX IF NOT EXISTS all_auth_recipe_users_recipe_id_index ON {all_auth_recipe_users}
    (app_id, recipe_id, tenant_id);

-- table: emailpassword_user_to_tenant
CREATE TABLE IF NOT EXISTS {emailpassword_user_to_tenant} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    tenant_id VARCHAR(64) NOT NULL DEFAULT 'public',
    user_id CHAR(36) NOT NULL,
    email VARCHAR(256) NOT NULL,
    CONSTRAINT {#emailpassword_user_to_tenant}_pkey PRIMARY KEY (app_id, tenant_id, user_id),
    CONSTRAINT {#emailpassword_user_to_tenant}_email_key UNIQUE (app_id, tenant_id, email),
    CONSTRAINT {#emailpassword_user_to_tenant}_user_id_fkey FOREIGN KEY (app_id, tenant_id, user_id)
        REFERENCES {all_auth_recipe_users} (app_id, tenant_id, user_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS emailpassword_user_to_tenant_email_index ON {emailpassword_user_to_tenant}
    (app_id, tenant_id, email);

-- table: thirdparty_user_to_tenant
CREATE TABLE IF NOT EXISTS {thirdparty_user_to_tenant} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    tenant_id VARCHAR(64) NOT NULL DEFAULT 'public',
    user_id CHAR(36) NOT NULL,
    third_party_id VARCHAR(28) NOT NULL,
    third_party_user_id VARCHAR(256) NOT NULL,
    CONSTRAINT {#thirdparty_user_to_tenant}_pkey PRIMARY KEY (app_id, tenant_id, user_id),
    CONSTRAINT {#thirdparty_user_to_tenant}_third_party_user_id_key UNIQUE
        (app_id, tenant_id, third_party_id, third_party_user_id),
    CONSTRAINT {#thirdparty_user_to_tenant}_user_id_fkey FOREIGN KEY (app_id, tenant_id, user_id)
        REFERENCES {all_auth_recipe_users} (app_id, tenant_id, user_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS thirdparty_user_to_tenant_third_party_user_id_index ON {thirdparty_user_to_tenant}
    (app_id, tenant_id, third_party_id, third_party_user_id);

-- table: passwordless_user_to_tenant
CREATE TABLE IF NOT EXISTS {passwordless_user_to_tenant} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    tenant_id VARCHAR(64) NOT NULL DEFAULT 'public',
    user_id CHAR(36) NOT NULL,
    email VARCHAR(256),
    phone_number VARCHAR(256),
    CONSTRAINT {#passwordless_user_to_tenant}_pkey PRIMARY KEY (app_id, tenant_id, user_id),
    CONSTRAINT {#passwordless_user_to_tenant}_email_key UNIQUE (app_id, tenant_id, email),
    CONSTRAINT {#passwordless_user_to_tenant}_phone_number_key UNIQUE (app_id, tenant_id, phone_number),
    CONSTRAINT {#passwordless_user_to_tenant}_user_id_fkey FOREIGN KEY (app_id, tenant_id, user_id)
        REFERENCES {all_auth_recipe_users} (app_id, tenant_id, user_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS passwordless_user_to_tenant_email_index ON {passwordless_user_to_tenant}
    (app_id, tenant_id, email);
CREATE INDEX IF NOT EXISTS passwordless_user_to_tenant_phone_number_index ON {passwordless_user_to_tenant}
    (app_id, tenant_id, phone_number);

-- table: webauthn_user_to_tenant
CREATE TABLE IF NOT EXISTS {webauthn_user_to_tenant} (
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    tenant_id VARCHAR(64) NOT NULL DEFAULT 'public',
    user_id CHAR(36) NOT NULL,
    email VARCHAR(256) NOT NULL,
    CONSTRAINT {#webauthn_user_to_tenant}_pkey PRIMARY KEY (app_id, tenant_id, user_id),
    CONSTRAINT {#webauthn_user_to_tenant}_email_key UNIQUE (app_id, tenant_id, email),
    CONSTRAINT {#webauthn_user_to_tenant}_user_id_fkey FOREIGN KEY (app_id, tenant_id, user_id)
        REFERENCES {all_auth_recipe_users} (app_id, tenant_id, user_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS webauthn_user_to_tenant_email_index ON {webauthn_user_to_tenant} (app_id, email);
