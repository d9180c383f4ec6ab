-- SPDX-License-Identifier: Apache-2.0
-- Reading tenants for the cache (src/tenancy/).

-- name: tenant_load
SELECT t.core_config, t.email_password_enabled, t.third_party_enabled, t.passwordless_enabled,
       COALESCE(t.is_first_factors_null, true),
       ARRAY(SELECT f.factor_id FROM {tenant_first_factors} f
             WHERE f.connection_uri_domain = $1 AND f.app_id = $2 AND f.tenant_id = $3 ORDER BY f.factor_id)
FROM {tenant_configs} t
WHERE t.connection_uri_domain = $1 AND t.app_id = $2 AND t.tenant_id = $3

-- Tenants of an app that may have a database of their own: all others have what its public tenant has.
-- name: tenant_databases
SELECT tenant_id FROM {tenant_configs}
WHERE connection_uri_domain = $1 AND app_id = $2 AND tenant_id <> 'public' AND core_config LIKE '%postgresql\_%'
ORDER BY tenant_id COLLATE "C"

-- name: tenant_domains
SELECT DISTINCT connection_uri_domain FROM {tenant_configs} WHERE connection_uri_domain <> '' LIMIT 10000

-- name: notify
SELECT pg_notify($1, $2)
