-- SPDX-License-Identifier: Apache-2.0
-- What monitoring wants to know (src/ops/, src/jobs/).

-- name: ops_migrations
-- Numbered migrations that this database has had.
SELECT version FROM {stfcgi_migrations}

-- name: ops_deliveries
-- How many are on their way and were given up, and the age of the oldest of each in ms.
SELECT count(*) FILTER (WHERE failed_at IS NULL) AS pending,
    COALESCE(max(now_ms - created_at) FILTER (WHERE failed_at IS NULL), 0) AS pending_oldest,
    count(failed_at) AS given_up,
    COALESCE(max(now_ms - failed_at), 0) AS given_up_oldest
FROM {stfcgi_deliveries}, (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms) AS clock
