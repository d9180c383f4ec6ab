-- SPDX-License-Identifier: Apache-2.0
-- Small per-app state (src/core/). Spec: db-schema 6.

-- name: key_value_get
SELECT value FROM {key_value} WHERE app_id = $1 AND tenant_id = $2 AND name = $3

-- name: key_value_set
INSERT INTO {key_value} (app_id, tenant_id, name, value, created_at_time) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (app_id, tenant_id, name) DO UPDATE
SET value = EXCLUDED.value, created_at_time = EXCLUDED.created_at_time

-- The value that is there, or the given one, stored. The update changes nothing; it makes RETURNING see the row.
-- name: key_value_keep
INSERT INTO {key_value} AS k (app_id, tenant_id, name, value, created_at_time) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (app_id, tenant_id, name) DO UPDATE SET value = k.value
RETURNING k.value
