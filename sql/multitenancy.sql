-- SPDX-License-Identifier: Apache-2.0
-- Tenants as the multitenancy endpoints read and write them (src/multitenancy/). Spec: cdi-multitenancy 3.7, 4, 7.

-- The lock of one tenant ($1), which the reference takes too, behind one of all writers here: what a tenant may be depends on the
-- others.
-- name: tenant_lock
SELECT pg_advisory_xact_lock(hashtext('tenant_configs')), pg_advisory_xact_lock(hashtext($1))

-- Tenants of $1 domain, $2 app, $3 tenant; NULL stands for any. In the order of bytes, in which the base tenant gets its place.
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
ORDER BY t.connection_uri_domain COLLATE "C", t.app_id COLLATE "C", t.tenant_id COLLATE "C"

-- Those that a change of $1 domain, $2 app, $3 tenant has to be compared with (spec: cdi-multitenancy 3.6): of the same app, and
-- those with database settings. The others have the database of one of these, or of the base tenant.
-- name: tenant_others
SELECT t.connection_uri_domain, t.app_id, t.tenant_id, COALESCE(t.core_config, '{}')
FROM {tenant_configs} t
WHERE ((t.connection_uri_domain = $1 AND t.app_id = $2) OR t.core_config LIKE '%postgresql\_%')
  AND NOT (t.connection_uri_domain = $1 AND t.app_id = $2 AND t.tenant_id = $3)

-- name: tenants_with_database
SELECT t.connection_uri_domain, t.app_id, t.tenant_id
FROM {tenant_configs} t
WHERE t.core_config LIKE '%postgresql\_%'
ORDER BY t.connection_uri_domain COLLATE "C", t.app_id COLLATE "C", t.tenant_id COLLATE "C"

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

-- Providers of tenants with their clients; NULL stands for any. Rows of a tenant stand together, and in them those of a
-- provider: one for each client.
-- name: tenant_providers
SELECT p.connection_uri_domain, p.app_id, p.tenant_id, p.third_party_id, p.name, p.authorization_endpoint,
       p.authorization_endpoint_query_params, p.token_endpoint, p.token_endpoint_body_params, p.user_info_endpoint,
       p.user_info_endpoint_query_params, p.user_info_endpoint_headers, p.jwks_uri, p.oidc_discovery_endpoint,
       p.require_email,
       p.user_info_map_from_id_token_payload_user_id, p.user_info_map_from_id_token_payload_email,
       p.user_info_map_from_id_token_payload_email_verified, p.user_info_map_from_user_info_endpoint_user_id,
       p.user_info_map_from_user_info_endpoint_email, p.user_info_map_from_user_info_endpoint_email_verified,
       c.client_type, c.client_id, c.client_secret, c.scope, c.force_pkce, c.additional_config
FROM {tenant_thirdparty_providers} p
LEFT JOIN {tenant_thirdparty_provider_clients} c
    ON c.connection_uri_domain = p.connection_uri_domain AND c.app_id = p.app_id AND c.tenant_id = p.tenant_id
   AND c.third_party_id = p.third_party_id
WHERE ($1::text IS NULL OR p.connection_uri_domain = $1) AND ($2::text IS NULL OR p.app_id = $2)
  AND ($3::text IS NULL OR p.tenant_id = $3)
ORDER BY p.connection_uri_domain, p.app_id, p.tenant_id, p.third_party_id, c.client_type

-- name: tenant_remove_provider
DELETE FROM {tenant_thirdparty_providers}
WHERE connection_uri_domain = $1 AND app_id = $2 AND tenant_id = $3 AND third_party_id = $4

-- $4 the provider with its clients, in the form of cdi-multitenancy 5.1. Type json, not jsonb: -> gives the text as it is.
-- name: tenant_add_provider
INSERT INTO {tenant_thirdparty_providers} (
    connection_uri_domain, app_id, tenant_id, third_party_id, name, authorization_endpoint,
    authorization_endpoint_query_params, token_endpoint, token_endpoint_body_params, user_info_endpoint,
    user_info_endpoint_query_params, user_info_endpoint_headers, jwks_uri, oidc_discovery_endpoint, require_email,
    user_info_map_from_id_token_payload_user_id, user_info_map_from_id_token_payload_email,
    user_info_map_from_id_token_payload_email_verified, user_info_map_from_user_info_endpoint_user_id,
    user_info_map_from_user_info_endpoint_email, user_info_map_from_user_info_endpoint_email_verified)
SELECT $1, $2, $3, p ->> 'thirdPartyId', p ->> 'name', p ->> 'authorizationEndpoint',
       (p -> 'authorizationEndpointQueryParams')::text, p ->> 'tokenEndpoint', (p -> 'tokenEndpointBodyParams')::text,
       p ->> 'userInfoEndpoint', (p -> 'userInfoEndpointQueryParams')::text, (p -> 'userInfoEndpointHeaders')::text,
       p ->> 'jwksURI', p ->> 'oidcDiscoveryEndpoint', (p ->> 'requireEmail')::boolean,
       m -> 'fromIdTokenPayload' ->> 'userId', m -> 'fromIdTokenPayload' ->> 'email',
       m -> 'fromIdTokenPayload' ->> 'emailVerified', m -> 'fromUserInfoAPI' ->> 'userId',
       m -> 'fromUserInfoAPI' ->> 'email', m -> 'fromUserInfoAPI' ->> 'emailVerified'
FROM (SELECT $4::json AS p, $4::json -> 'userInfoMap' AS m) AS input

-- name: tenant_add_provider_clients
INSERT INTO {tenant_thirdparty_provider_clients} (
    connection_uri_domain, app_id, tenant_id, third_party_id, client_type, client_id, client_secret, scope,
    force_pkce, additional_config)
SELECT $1, $2, $3, $4::json ->> 'thirdPartyId', COALESCE(c ->> 'clientType', ''), c ->> 'clientId',
       c ->> 'clientSecret',
       CASE WHEN c -> 'scope' IS NOT NULL THEN ARRAY(SELECT json_array_elements_text(c -> 'scope')) END,
       (c ->> 'forcePKCE')::boolean, (c -> 'additionalConfig')::text
FROM json_array_elements($4::json -> 'clients') AS c
