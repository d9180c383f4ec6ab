-- SPDX-License-Identifier: Apache-2.0
-- Mails and webhooks (src/deliver/). Times are those of the database's clock: leases must mean the same on all nodes.

-- Order: of the deliveries of a user to a target, which site || ' ' || target || ' ' || user_id names, only the oldest may be
-- taken. So that nobody looks at the others in vain again and again they are put off with it, and the next one is made due
-- when it is gone. ANY (ARRAY(...)) keeps the planner, which expects many rows of such a table, to the indexes.

-- name: deliver_insert
-- Behind one that fails it waits as long. $1 app, $2 tenant, $3 site, $4 target, $5 user or NULL, $6 message id, $7 payload,
-- $8 ms until it is given up
INSERT INTO {stfcgi_deliveries}
    (app_id, tenant_id, site, target, user_id, message_id, payload, created_at, due_at, give_up_at)
SELECT $1, $2, $3, $4, $5, $6, $7, now_ms, greatest(now_ms, oldest.due_at), now_ms + $8
FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms) AS clock
LEFT JOIN LATERAL (
    SELECT CASE WHEN o.last_error IS NOT NULL THEN o.due_at END AS due_at FROM {stfcgi_deliveries} o
    WHERE o.site || ' ' || o.target || ' ' || o.user_id = $3::text || ' ' || $4::text || ' ' || $5::text AND o.failed_at IS NULL
    ORDER BY o.id LIMIT 1
) oldest ON true

-- name: deliver_claim
-- Takes what is due. $1 sites, $2 targets, $3 at most of each, $4 at most in all, $5 lease (ms)
WITH clock AS MATERIALIZED (
    SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms
), taken AS MATERIALIZED (
    SELECT due.id, due.queue, clock.now_ms
    FROM clock, unnest($1::text[], $2::text[], $3::text[]::integer[]) AS wanted (site, target, most)
    CROSS JOIN LATERAL (
        SELECT d.id, d.site || ' ' || d.target || ' ' || d.user_id AS queue FROM {stfcgi_deliveries} d
        WHERE d.site = wanted.site AND d.target = wanted.target AND d.failed_at IS NULL AND d.due_at <= clock.now_ms
          AND (d.user_id IS NULL OR d.id = (
              SELECT min(o.id) FROM {stfcgi_deliveries} o
              WHERE o.site || ' ' || o.target || ' ' || o.user_id = d.site || ' ' || d.target || ' ' || d.user_id
                AND o.failed_at IS NULL))
        ORDER BY d.due_at LIMIT wanted.most FOR UPDATE OF d SKIP LOCKED
    ) due
    LIMIT $4::integer
), put_off AS (
    UPDATE {stfcgi_deliveries} SET due_at = clock.now_ms + $5
    FROM clock
    WHERE id = ANY (ARRAY(
        SELECT later.id FROM taken CROSS JOIN LATERAL (
            SELECT l.id FROM {stfcgi_deliveries} l
            WHERE l.site || ' ' || l.target || ' ' || l.user_id = taken.queue AND l.failed_at IS NULL AND l.id > taken.id
              AND l.due_at <= taken.now_ms
            ORDER BY l.id LIMIT 1000
        ) later))
)
UPDATE {stfcgi_deliveries} d SET due_at = taken.now_ms + $5, attempts = d.attempts + 1
FROM taken WHERE d.id = taken.id
RETURNING d.id, d.attempts, d.site, d.target, d.app_id, d.tenant_id, d.message_id, d.payload, d.created_at,
    d.give_up_at - taken.now_ms AS left_ms, COALESCE(d.last_error, '') AS last_error

-- name: deliver_done
-- Those that are still ours. $1 ids, $2 attempts
WITH done AS (
    DELETE FROM {stfcgi_deliveries} d USING unnest($1::text[]::bigint[], $2::text[]::integer[]) AS sent (id, attempts)
    WHERE d.id = sent.id AND d.attempts = sent.attempts
    RETURNING d.id, d.site || ' ' || d.target || ' ' || d.user_id AS queue
)
UPDATE {stfcgi_deliveries} SET due_at = 0
WHERE id = ANY (ARRAY(
    SELECT (SELECT min(o.id) FROM {stfcgi_deliveries} o
            WHERE o.site || ' ' || o.target || ' ' || o.user_id = done.queue AND o.failed_at IS NULL AND o.id > done.id)
    FROM done))

-- name: deliver_retry
-- $1 id, $2 attempts, $3 ms from now, but not beyond the end, $4 why
UPDATE {stfcgi_deliveries} SET last_error = $4,
    due_at = least(give_up_at, (extract(epoch FROM clock_timestamp()) * 1000)::bigint + $3)
WHERE id = $1 AND attempts = $2

-- name: deliver_hold_up
-- $1 id, $2 attempts
UPDATE {stfcgi_deliveries} later SET due_at = failed.due_at
FROM {stfcgi_deliveries} failed
WHERE failed.id = $1 AND failed.attempts = $2
  AND later.site || ' ' || later.target || ' ' || later.user_id = failed.site || ' ' || failed.target || ' ' || failed.user_id
  AND later.id > failed.id AND later.failed_at IS NULL AND later.due_at < failed.due_at

-- name: deliver_give_up
-- $1 id, $2 attempts, $3 why, $4 what is kept, or NULL for all
WITH failed AS (
    UPDATE {stfcgi_deliveries} d SET last_error = $3, payload = COALESCE($4, payload),
        failed_at = (extract(epoch FROM clock_timestamp()) * 1000)::bigint
    WHERE id = $1 AND attempts = $2
    RETURNING d.id, d.site || ' ' || d.target || ' ' || d.user_id AS queue
)
UPDATE {stfcgi_deliveries} SET due_at = 0
WHERE id = ANY (ARRAY(
    SELECT (SELECT min(o.id) FROM {stfcgi_deliveries} o
            WHERE o.site || ' ' || o.target || ' ' || o.user_id = failed.queue AND o.failed_at IS NULL AND o.id > failed.id)
    FROM failed))

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

-- name: deliver_drop_links
-- Of mails that were given up before their time, once their links have expired. $1 rows at most
UPDATE {stfcgi_deliveries} SET payload = (payload::jsonb - 'link')::text
WHERE id IN (
    SELECT id FROM {stfcgi_deliveries}
    WHERE failed_at IS NOT NULL AND target = 'mail' AND payload LIKE '%"link":%'
      AND give_up_at < (extract(epoch FROM clock_timestamp()) * 1000)::bigint
    ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)

-- For operators: what was given up, of one message id, site and target, each NULL for any. Few look, so no index.

-- name: deliver_given_up_list
-- $4 rows at most
SELECT message_id, app_id, tenant_id, site, target, user_id, payload, attempts, created_at, failed_at, last_error,
    target <> 'mail' OR (payload LIKE '%"link":%' AND give_up_at > (extract(epoch FROM clock_timestamp()) * 1000)::bigint),
    count(*) OVER ()
FROM {stfcgi_deliveries}
WHERE failed_at IS NOT NULL AND message_id = COALESCE($1, message_id) AND site = COALESCE($2, site)
  AND target = COALESCE($3, target)
ORDER BY failed_at DESC, id DESC LIMIT $4

-- name: deliver_given_up_resend
-- Mails only while their links are good. $4 ms until a webhook is given up again
UPDATE {stfcgi_deliveries} SET failed_at = NULL, due_at = 0, attempts = 0, last_error = NULL,
    give_up_at = CASE WHEN target = 'mail' THEN give_up_at
                      ELSE (extract(epoch FROM clock_timestamp()) * 1000)::bigint + $4 END
WHERE failed_at IS NOT NULL AND message_id = COALESCE($1, message_id) AND site = COALESCE($2, site)
  AND target = COALESCE($3, target)
  AND (target <> 'mail' OR (payload LIKE '%"link":%' AND give_up_at > (extract(epoch FROM clock_timestamp()) * 1000)::bigint))

-- name: deliver_given_up_remove
DELETE FROM {stfcgi_deliveries}
WHERE failed_at IS NOT NULL AND message_id = COALESCE($1, message_id) AND site = COALESCE($2, site)
  AND target = COALESCE($3, target)

-- What this connection has just inserted, and nobody else has seen.
-- name: deliver_remove_last
DELETE FROM {stfcgi_deliveries} WHERE id = lastval()
