-- SPDX-License-Identifier: Apache-2.0
-- Tenants as the multitenancy endpoints read and write them (src/multitenancy/). Spec: cdi-multitenancy 3.7, 4, 7.

-- name: tenant_lock
SELECT pg_advisory_xact_lock(hashtext($1))

-- Tenants of $1 domain, $2 app, $3 tenant; NULL stands for any.
-- name: tenant_records
SELECT t.connection_uri_domain, t.app_id, t.tenant_id, COALESCE(t.core_config, '{}'), t.email_password_enabled,
       t.third_party_enabled, t.passwordless_enabled, COALESCE(t.is_first_factors_null, true),
       ARRAY(SELECT f.factor_id FROM {tenant_first_factors} f
             WHERE f.connection_uri_domain = t.connection_uri_domain AND f.app_id = t.app_id
               AND f.tenant_id = t.tenant_id),
       ARRAY(SELECT f.factor_id FROM {tenant_required_secondary_factors} f
             WHERE f.connection_uri_domain = t.connection_uri_domain AND f.app_id = t.app_id
               AND f.tenant_id = t.tenant_id)
FROM {tenant_configs} t
WHERE ($1::text IS NULL OR t.connection_uri_domain = $1) AND ($2::text IS NULL OR t.app_id = $2)
  AND ($3::text IS NULL OR t.tenant_id = $3)
ORDER BY t.connection_uri_domain, t.app_id, t.tenant_id

-- Those that a change of $1 domain, $2 app, $3 tenant has to be compared with (spec: cdi-multitenancy 3.6).
-- name: tenant_others
SELECT t.connection_uri_domain, t.app_id, t.tenant_id, COALESCE(t.core_config, '{}')
FROM {tenant_configs} t
WHERE ((t.connection_uri_domain = $1 AND t.app_id = $2) OR t.connection_uri_domain <> $1
       OR t.core_config LIKE '%postgresql\_%')
  AND NOT (t.connection_uri_domain = $1 AND t.app_id = $2 AND t.tenant_id = $3)

-- name: tenant_write
INSERT INTO {tenant_configs} (connection_uri_domain, app_id, tenant_id, core_config, email_password_enabled,
                              third_party_enabled, passwordless_enabled, is_first_factors_null)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (connection_uri_domain, app_id, tenant_id) DO UPDATE
SET core_config = EXCLUDED.core_config, email_password_enabled = EXCLUDED.email_password_enabled,
    third_party_enabled = EXCLUDED.third_party_enabled, passwordless_enabled = EXCLUDED.passwordless_enabled,
    is_first_factors_null = EXCLUDED.is_first_factors_null

-- name: tenant_clear_first_factors
DELETE FROM {tenant_first_factors} WHERE connection_uri_domain = $1 AND app_id = $2 AND tenant_id = $3

-- name: tenant_add_first_factors
INSERT INTO {tenant_first_factors} (connection_uri_domain, app_id, tenant_id, factor_id)
SELECT $1, $2, $3, unnest($4::text[])

-- name: tenant_clear_secondary_factors
DELETE FROM {tenant_required_secondary_factors} WHERE connection_uri_domain = $1 AND app_id = $2 AND tenant_id = $3

-- name: tenant_add_secondary_factors
INSERT INTO {tenant_required_secondary_factors} (connection_uri_domain, app_id, tenant_id, factor_id)
SELECT $1, $2, $3, unnest($4::text[])

-- The rows that the app's data hangs on, in the tenant's own database.
-- name: tenant_create_app
INSERT INTO {apps} (app_id, created_at_time) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: tenant_create_tenant
INSERT INTO {tenants} (app_id, tenant_id, created_at_time) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING

-- name: tenant_count_of_app
SELECT count(*) FROM {tenant_configs} WHERE connection_uri_domain = $1 AND app_id = $2 AND tenant_id <> 'public'

-- name: tenant_count_of_domain
SELECT count(*) FROM {tenant_configs} WHERE connection_uri_domain = $1 AND app_id <> 'public'

-- name: tenant_delete_data
DELETE FROM {tenants} WHERE app_id = $1 AND tenant_id = $2

-- name: tenant_delete_app_data
DELETE FROM {apps} WHERE app_id = $1

-- name: tenant_delete
DELETE FROM {tenant_configs} WHERE connection_uri_domain = $1 AND app_id = $2 AND ($3::text IS NULL OR tenant_id = $3)

-- Providers of tenants; NULL stands for any. Rows of a tenant stand together.
-- name: tenant_providers
SELECT connection_uri_domain, app_id, tenant_id, third_party_id, name, authorization_endpoint,
       authorization_endpoint_query_params, token_endpoint, token_endpoint_body_params, user_info_endpoint,
       user_info_endpoint_query_params, user_info_endpoint_headers, jwks_uri, oidc_discovery_endpoint, require_email,
       user_info_map_from_id_token_payload_user_id, user_info_map_from_id_token_payload_email,
       user_info_map_from_id_token_payload_email_verified, user_info_map_from_user_info_endpoint_user_id,
       user_info_map_from_user_info_endpoint_email, user_info_map_from_user_info_endpoint_email_verified
FROM {tenant_thirdparty_providers}
WHERE ($1::text IS NULL OR connection_uri_domain = $1) AND ($2::text IS NULL OR app_id = $2)
  AND ($3::text IS NULL OR tenant_id = $3)
ORDER BY connection_uri_domain, app_id, tenant_id, third_party_id

-- name: tenant_provider_clients
SELECT connection_uri_domain, app_id, tenant_id, third_party_id, client_type, client_id, client_secret, scope,
       force_pkce, additional_config
FROM {tenant_thirdparty_provider_clients}
WHERE ($1::text IS NULL OR connection_uri_domain = $1) AND ($2::text IS NULL OR app_id = $2)
  AND ($3::text IS NULL OR tenant_id = $3)
ORDER BY connection_uri_domain, app_id, tenant_id, third_party_id, client_type
