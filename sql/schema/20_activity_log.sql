-- SPDX-License-Identifier: Apache-2.0
-- Append-only log of sign-ins and the like, one partition a month.

-- table: activity_log
-- created_at: ms, also the partition key. Partitions of months are made by sql/ensure.
CREATE TABLE IF NOT EXISTS {activity_log} (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    tenant_id VARCHAR(64) NOT NULL DEFAULT 'public',
    recipe_user_id VARCHAR(128),
    primary_or_recipe_user_id VARCHAR(128),
    event_type VARCHAR(64) NOT NULL,
    status VARCHAR(128),
    auth_principal VARCHAR(256),
    identifier VARCHAR(256),
    created_at BIGINT NOT NULL,
    payload TEXT
) PARTITION BY RANGE (created_at);
CREATE INDEX IF NOT EXISTS activity_log_created_at_brin ON {activity_log} USING brin (created_at);
CREATE TABLE IF NOT EXISTS {activity_log}_default PARTITION OF {activity_log} DEFAULT;
