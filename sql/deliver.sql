-- SPDX-License-Identifier: Apache-2.0
-- Mails and webhooks (src/deliver/). Times are those of the database's clock: leases must mean the same on all nodes.

-- name: deliver_insert
-- $1 app, $2 tenant, $3 site, $4 target, $5 user or NULL, $6 message id, $7 payload, $8 ms until it is given up
INSERT INTO {stfcgi_deliveries}
    (app_id, tenant_id, site, target, user_id, message_id, payload, created_at, due_at, give_up_at)
SELECT $1, $2, $3, $4, $5, $6, $7, now_ms, now_ms, now_ms + $8
FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms) AS clock

-- name: deliver_claim
-- Takes what is due, at most one delivery for each user and target: the oldest. What others hold is not due. $1 sites,
-- $2 targets, $3 at most of each, $4 at most in all, $5 lease (ms)
WITH clock AS MATERIALIZED (
    SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms
), taken AS MATERIALIZED (
    SELECT due.id, clock.now_ms
    FROM clock, unnest($1::text[], $2::text[], $3::text[]::integer[]) AS wanted (site, target, most)
    CROSS JOIN LATERAL (
        SELECT d.id FROM {stfcgi_deliveries} d
        WHERE d.site = wanted.site AND d.target = wanted.target AND d.failed_at IS NULL AND d.due_at <= clock.now_ms
          AND (d.user_id IS NULL OR NOT EXISTS (
              SELECT FROM {stfcgi_deliveries} older
              WHERE older.site = d.site AND older.target = d.target AND older.user_id = d.user_id AND older.id < d.id
                AND older.failed_at IS NULL))
        ORDER BY d.due_at LIMIT wanted.most FOR UPDATE OF d SKIP LOCKED
    ) due
    LIMIT $4::integer
)
UPDATE {stfcgi_deliveries} d SET due_at = taken.now_ms + $5, attempts = d.attempts + 1
FROM taken WHERE d.id = taken.id
RETURNING d.id, d.attempts, d.site, d.target, d.app_id, d.tenant_id, d.message_id, d.payload, d.created_at,
    d.give_up_at - taken.now_ms, COALESCE(d.last_error, '')

-- name: deliver_done
-- Those that are still ours. $1 ids, $2 attempts
DELETE FROM {stfcgi_deliveries} d USING unnest($1::text[]::bigint[], $2::text[]::integer[]) AS done (id, attempts)
WHERE d.id = done.id AND d.attempts = done.attempts

-- name: deliver_retry
-- $1 id, $2 attempts, $3 ms from now, but not beyond the end, $4 why
UPDATE {stfcgi_deliveries} SET last_error = $4,
    due_at = least(give_up_at, (extract(epoch FROM clock_timestamp()) * 1000)::bigint + $3)
WHERE id = $1 AND attempts = $2

-- name: deliver_hold_up
-- Later ones of the same user wait as long, so that nobody looks at them in vain. $1 id, $2 attempts
UPDATE {stfcgi_deliveries} later SET due_at = failed.due_at
FROM {stfcgi_deliveries} failed
WHERE failed.id = $1 AND failed.attempts = $2
  AND later.site = failed.site AND later.target = failed.target AND later.user_id = failed.user_id
  AND later.id > failed.id AND later.failed_at IS NULL AND later.due_at < failed.due_at

-- name: deliver_give_up
-- $1 id, $2 attempts, $3 why, $4 what is kept, or NULL for all
UPDATE {stfcgi_deliveries} SET last_error = $3, payload = COALESCE($4, payload),
    failed_at = (extract(epoch FROM clock_timestamp()) * 1000)::bigint
WHERE id = $1 AND attempts = $2

-- name: deliver_give_up_forgotten
-- What no node has taken for an hour after its end: its site or webhook is configured no more. $1 rows at most
UPDATE {stfcgi_deliveries} d SET failed_at = now_ms, last_error = 'its site or webhook is not configured any more',
    payload = CASE WHEN d.target = 'mail' THEN '' ELSE d.payload END
FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms) AS clock
WHERE d.id IN (
    SELECT id FROM {stfcgi_deliveries}
    WHERE failed_at IS NULL AND give_up_at < (extract(epoch FROM clock_timestamp()) * 1000)::bigint - 3600000
      AND due_at < (extract(epoch FROM clock_timestamp()) * 1000)::bigint - 3600000
    ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING d.app_id, d.tenant_id, d.site, d.target, d.message_id

-- name: deliver_forget
-- Given up long ago. $1 rows at most
DELETE FROM {stfcgi_deliveries} WHERE id IN (
    SELECT id FROM {stfcgi_deliveries}
    WHERE failed_at < (extract(epoch FROM clock_timestamp()) * 1000)::bigint - 30::bigint * 86400000
    ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)

-- What this connection has just inserted, and nobody else has seen.
-- name: deliver_remove_last
DELETE FROM {stfcgi_deliveries} WHERE id = lastval()
