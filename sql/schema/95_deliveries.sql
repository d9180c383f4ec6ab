-- SPDX-License-Identifier: Apache-2.0
-- Mails and webhooks on their way. Not known to the reference core.

-- table: stfcgi_deliveries
-- target: 'mail', or 'webhook ' and the webhook's id. user_id: deliveries of one user to one target are a queue, they go
-- out in the order of their id; NULL: in any order. payload: the body of a webhook as it is sent; a JSON object for mails,
-- whose link stays in one given up only until it expires. due_at: when somebody may take it; whoever does moves it on, which is
-- the lease, and counts attempts up, which tells leases apart. failed_at: when it was given up. Times: ms of the
-- database's clock, which all nodes share.
CREATE TABLE IF NOT EXISTS {stfcgi_deliveries} (
    id BIGSERIAL,
    app_id VARCHAR(64) NOT NULL DEFAULT 'public',
    tenant_id VARCHAR(64) NOT NULL DEFAULT 'public',
    site VARCHAR(64) NOT NULL,
    target VARCHAR(256) NOT NULL,
    user_id VARCHAR(128),
    message_id VARCHAR(64) NOT NULL,
    payload TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    give_up_at BIGINT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    failed_at BIGINT,
    last_error TEXT,
    CONSTRAINT {#stfcgi_deliveries}_pkey PRIMARY KEY (id),
    CONSTRAINT {#stfcgi_deliveries}_tenant_id_fkey FOREIGN KEY (app_id, tenant_id)
        REFERENCES {tenants} (app_id, tenant_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS stfcgi_deliveries_due_index ON {stfcgi_deliveries} (site, target, due_at)
    WHERE failed_at IS NULL;
CREATE INDEX IF NOT EXISTS stfcgi_deliveries_queue_index ON {stfcgi_deliveries}
    ((site || ' ' || target || ' ' || user_id), id) WHERE failed_at IS NULL;
CREATE INDEX IF NOT EXISTS stfcgi_deliveries_tenant_id_index ON {stfcgi_deliveries} (app_id, tenant_id);
