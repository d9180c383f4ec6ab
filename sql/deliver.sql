-- SPDX-License-Identifier: Apache-2.0
-- Mails and webhooks (src/deliver/). Times are those of the database's clock: leases must mean the same on all nodes.

-- name: deliver_insert
-- $1 app, $2 tenant, $3 site, $4 target, $5 user or NULL, $6 message id, $7 payload, $8 ms until it is given up
INSERT INTO {stfcgi_deliveries}
    (app_id, tenant_id, site, target, user_id, message_id, payload, created_at, due_at, give_up_at)
SELECT $1, $2, $3, $4, $5, $6, $7, now_ms, now_ms, now_ms + $8
FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms) AS clock

-- What this connection has just inserted, and nobody else has seen.
-- name: deliver_remove_last
DELETE FROM {stfcgi_deliveries} WHERE id = lastval()
