-- SPDX-License-Identifier: Apache-2.0
-- Statements of t/unit/test_db*.c, t/unit/test_schema.c and bench/db.c. Not part of the program.

-- name: test_create
CREATE TABLE IF NOT EXISTS {test_items} (
    id VARCHAR(64) NOT NULL,
    owner CHAR(36),
    value BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT {#test_items}_pkey PRIMARY KEY (id)
)

-- name: test_create_children
CREATE TABLE IF NOT EXISTS {test_item_children} (
    id BIGINT,
    item VARCHAR(64) NOT NULL,
    CONSTRAINT {#test_item_children}_item_with_a_name_longer_than_63_bytes_fkey FOREIGN KEY (item)
        REFERENCES {test_items} (id),
    CONSTRAINT {#test_item_children}_id_key UNIQUE (id) DEFERRABLE INITIALLY DEFERRED
)

-- name: test_drop
DROP TABLE IF EXISTS {test_item_children}, {test_items}

-- name: test_create_schema
CREATE SCHEMA IF NOT EXISTS {schema}

-- name: test_clear
TRUNCATE {test_items}, {test_item_children}

-- name: test_insert
INSERT INTO {test_items} (id, owner, value) VALUES ($1, $2, $3)

-- name: test_insert_child
INSERT INTO {test_item_children} (id, item) VALUES ($1, $2)

-- name: test_get
SELECT owner, value FROM {test_items} WHERE id = $1

-- name: test_get_all
SELECT * FROM {test_items} ORDER BY id

-- name: test_add
UPDATE {test_items} SET value = value + $2 WHERE id = $1

-- name: test_add_column
ALTER TABLE {test_items} ADD COLUMN more TEXT

-- name: test_sum
SELECT coalesce(sum(value), 0), count(*) FROM {test_items}

-- name: test_lock
SELECT value FROM {test_items} WHERE id = $1 FOR UPDATE

-- name: test_serializable
SET TRANSACTION ISOLATION LEVEL SERIALIZABLE

-- name: test_echo
SELECT $1::text, $2::bigint, $3::boolean, $4::text

-- name: test_unnest
SELECT unnest($1::text[])

-- name: test_sleep
SELECT pg_sleep($1::float8)

-- name: test_sleep_insert
INSERT INTO {test_items} (id, value) SELECT $1, 1 FROM pg_sleep($2::float8)

-- name: test_pid
SELECT pg_backend_pid()

-- name: test_terminate
SELECT pg_terminate_backend($1::integer)

-- name: test_terminate_self
INSERT INTO {test_items} (id, value) SELECT 'self', 1 FROM (SELECT pg_terminate_backend(pg_backend_pid())) AS t

-- name: test_terminate_others
-- When it answers, they are gone.
SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity
WHERE application_name = $1 AND pid <> pg_backend_pid()

-- name: test_active
SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND state = 'active' AND pid <> pg_backend_pid()

-- name: test_prepared
SELECT count(*) FROM pg_prepared_statements WHERE name = 'test_get'

-- name: test_divide
SELECT 1 / $1::integer

-- name: test_number
SELECT $1::text::integer

-- name: test_create_suicide
-- For a trigger that ends the session during COMMIT.
CREATE OR REPLACE FUNCTION test_suicide() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NULL; END $$

-- name: test_create_suicide_trigger
CREATE CONSTRAINT TRIGGER suicide AFTER INSERT ON {test_item_children} DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION test_suicide()

-- name: test_tables
SELECT count(*) FROM pg_tables WHERE schemaname = '{schema}'

-- name: test_indexes
SELECT count(*) FROM pg_indexes WHERE schemaname = '{schema}'

-- name: test_base_rows
SELECT (SELECT count(*) FROM {apps} WHERE app_id = 'public' AND created_at_time > 0),
       (SELECT count(*) FROM {tenants} WHERE app_id = 'public' AND tenant_id = 'public'),
       (SELECT count(*) FROM {stfcgi_migrations})

-- name: test_drop_schema
DROP SCHEMA IF EXISTS {schema} CASCADE

-- name: test_forget_migrations
TRUNCATE {stfcgi_migrations}

-- name: test_drop_table
DROP TABLE {user_metadata}

-- name: test_legacy_ids
-- $1 how many: users as the reference core leaves them in LEGACY mode.
INSERT INTO {app_id_to_user_id} (user_id, recipe_id, primary_or_recipe_user_id, time_joined)
SELECT 'user-' || n, 'emailpassword', 'user-' || n, 0 FROM generate_series(1, $1::integer) AS n

-- name: test_legacy_late
INSERT INTO {app_id_to_user_id} (user_id, recipe_id, primary_or_recipe_user_id, time_joined)
VALUES ('user-late', 'emailpassword', 'user-late', 0)

-- name: test_legacy_logins
INSERT INTO {emailpassword_users} (user_id, email, password_hash, time_joined)
SELECT user_id, trim(user_id) || '@example.com', 'x', 1000 FROM {app_id_to_user_id}
ON CONFLICT DO NOTHING

-- name: test_legacy_memberships
INSERT INTO {all_auth_recipe_users} (user_id, primary_or_recipe_user_id, recipe_id, time_joined,
    primary_or_recipe_user_time_joined)
SELECT user_id, user_id, 'emailpassword', 1000, 1000 FROM {app_id_to_user_id}
ON CONFLICT DO NOTHING

-- name: test_change_email
-- What a core in LEGACY mode does to a user that was brought into the new tables before.
UPDATE {emailpassword_users} SET email = 'changed@example.com' WHERE user_id = 'user-1'

-- name: test_reserved
SELECT (SELECT count(*) FROM {recipe_user_tenants}),
       (SELECT count(*) FROM {recipe_user_account_infos}),
       (SELECT count(*) FROM {app_id_to_user_id} WHERE time_joined = 1000),
       (SELECT count(*) FROM {recipe_user_tenants} WHERE account_info_value = 'changed@example.com')

-- name: test_age_to_core_11
ALTER TABLE {app_id_to_user_id} DROP COLUMN time_joined, DROP COLUMN primary_or_recipe_user_time_joined

-- name: test_drop_new_tables
DROP TABLE {recipe_user_account_infos}, {recipe_user_tenants}, {primary_user_tenants}, {stfcgi_migrations}

-- name: test_age_to_core_6
ALTER TABLE {key_value} DROP COLUMN tenant_id CASCADE

-- name: test_store_mode
INSERT INTO {tenant_configs} (core_config) VALUES ($1)

-- name: test_table_names
SELECT tablename FROM pg_tables
WHERE schemaname = '{schema}' AND tablename IN ('{#session_info}', '{#key_value}') ORDER BY 1

-- name: test_deliveries
SELECT d.*, give_up_at - created_at AS lifetime, due_at - created_at AS wait FROM {stfcgi_deliveries} d ORDER BY id

-- name: test_fail_deliveries
UPDATE {stfcgi_deliveries} SET last_error = 'x', due_at = created_at + $1

-- name: test_age_deliveries
UPDATE {stfcgi_deliveries} SET created_at = created_at - $1, due_at = due_at - $1, give_up_at = give_up_at - $1,
    failed_at = failed_at - $1

-- name: test_clear_deliveries
DELETE FROM {stfcgi_deliveries}
