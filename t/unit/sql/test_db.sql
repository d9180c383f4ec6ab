-- SPDX-License-Identifier: Apache-2.0
-- Statements of t/unit/test_db*.c and bench/db.c. Not part of the program.

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
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
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
