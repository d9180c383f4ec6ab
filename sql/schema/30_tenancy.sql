-- SPDX-License-Identifier: Apache-2.0
-- Configuration of tenants; only in the base database.

-- table: tenant_configs
-- core_config: JSON. The base tenant has a row after its first change only.
CREATE TABLE IF NOT EXISTS {tenant_configs} (
    connection_uri_domain VARCHAR(256) NOT NULL DEFAULT '',
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    tenant_id VARCHAR(64) NOT NULL DEFAULT 'public',
    core_config TEXT,
    email_password_enabled BOOLEAN,
    passwordless_enabled BOOLEAN,
    third_party_enabled BOOLEAN,
    is_first_factors_null BOOLEAN,
    CONSTRAINT {#tenant_configs}_pkey PRIMARY KEY (connection_uri_domain, app_id, tenant_id)
);

-- table: tenant_thirdparty_providers
-- *_params and *_headers: JSON.
CREATE TABLE IF NOT EXISTS {tenant_thirdparty_providers} (
    connection_uri_domain VARCHAR(256) NOT NULL DEFAULT '',
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    tenant_id VARCHAR(64) NOT NULL DEFAULT 'public',
    third_party_id VARCHAR(28) NOT NULL,
    name VARCHAR(64),
    authorization_endpoint TEXT,
    authorization_endpoint_query_params TEXT,
    token_endpoint TEXT,
    token_endpoint_body_params TEXT,
    user_info_endpoint TEXT,
    user_info_endpoint_query_params TEXT,
    user_info_endpoint_headers TEXT,
    jwks_uri TEXT,
    oidc_discovery_endpoint TEXT,
    require_email BOOLEAN,
    user_info_map_from_id_token_payload_user_id VARCHAR(64),
    user_info_map_from_id_token_payload_email VARCHAR(64),
    user_info_map_from_id_token_payload_email_verified VARCHAR(64),
    user_info_map_from_user_info_endpoint_user_id VARCHAR(64),
    user_info_map_from_user_info_endpoint_email VARCHAR(64),
    user_info_map_from_user_info_endpoint_email_verified VARCHAR(64),
    CONSTRAINT {#tenant_thirdparty_providers}_pkey PRIMARY KEY
        (connection_uri_domain, app_id, tenant_id, third_party_id),
    CONSTRAINT {#tenant_thirdparty_providers}_tenant_id_fkey
        FOREIGN KEY (connection_uri_domain, app_id, tenant_id)
        REFERENCES {tenant_configs} (connection_uri_domain, app_id, tenant_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS tenant_thirdparty_providers_tenant_id_index ON {tenant_thirdparty_providers}
    (connection_uri_domain, app_id, tenant_id);

-- table: tenant_thirdparty_provider_clients
-- client_type: '' stands for none. additional_config: JSON.
CREATE TABLE IF NOT EXISTS {tenant_thirdparty_provider_clients} (
    connection_uri_domain VARCHAR(256) NOT NULL DEFAULT '',
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    tenant_id VARCHAR(64) NOT NULL DEFAULT 'public',
    third_party_id VARCHAR(28) NOT NULL,
    client_type VARCHAR(64) NOT NULL DEFAULT '',
    client_id VARCHAR(256) NOT NULL,
    client_secret TEXT,
    scope VARCHAR(128)[],
    force_pkce BOOLEAN,
    additional_config TEXT,
    CONSTRAINT {#tenant_thirdparty_provider_clients}_pkey PRIMARY KEY
        (connection_uri_domain, app_id, tenant_id, third_party_id, client_type),
    CONSTRAINT {#tenant_thirdparty_provider_clients}_third_party_id_fkey
        FOREIGN KEY (connection_uri_domain, app_id, tenant_id, third_party_id)
        REFERENCES {tenant_thirdparty_providers} (connection_uri_domain, app_id, tenant_id, third_party_id)
        ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS tenant_thirdparty_provider_clients_third_party_id_index
    ON {tenant_thirdparty_provider_clients}
    (connection_uri_domain, app_id, tenant_id, third_party_id);

-- table: tenant_first_factors
-- Means something only while tenant_configs.is_first_factors_null is false.
CREATE TABLE IF NOT EXISTS {tenant_first_factors} (
    connection_uri_domain VARCHAR(256) NOT NULL DEFAULT '',
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    tenant_id VARCHAR(64) NOT NULL DEFAULT 'public',
    factor_id VARCHAR(128) NOT NULL,
    CONSTRAINT {#tenant_first_factors}_pkey PRIMARY KEY (connection_uri_domain, app_id, tenant_id, factor_id),
    CONSTRAINT {#tenant_first_factors}_tenant_id_fkey FOREIGN KEY (connection_uri_domain, app_id, tenant_id)
        REFERENCES {tenant_configs} (connection_uri_domain, app_id, tenant_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS tenant_first_factors_tenant_id_index ON {tenant_first_factors}
    (connection_uri_domain, app_id, tenant_id);

-- table: tenant_required_secondary_factors
-- No row: none required.
CREATE TABLE IF NOT EXISTS {tenant_required_secondary_factors} (
    connection_uri_domain VARCHAR(256) NOT NULL DEFAULT '',
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    tenant_id VARCHAR(64) NOT NULL DEFAULT 'public',
    factor_id VARCHAR(128) NOT NULL,
    CONSTRAINT {#tenant_required_secondary_factors}_pkey PRIMARY KEY
        (connection_uri_domain, app_id, tenant_id, factor_id),
    CONSTRAINT {#tenant_required_secondary_factors}_tenant_id_fkey
        FOREIGN KEY (connection_uri_domain, app_id, tenant_id)
        REFERENCES {tenant_configs} (connection_uri_domain, app_id, tenant_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS tenant_default_required_factor_ids_tenant_id_index
    ON {tenant_required_secondary_factors}
    (connection_uri_domain, app_id, tenant_id);
