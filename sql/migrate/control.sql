-- SPDX-License-Identifier: Apache-2.0
-- What the loader needs around schema, ensure and migrate.

-- name: schema_create
-- After PostgreSQL says that the schema does not exist (3F000).
CREATE SCHEMA IF NOT EXISTS {schema};

-- name: schema_lock
-- Until the transaction ends only one node of this installation creates or migrates. Two keys: the reference's
-- advisory locks use one, so they never meet.
SELECT pg_advisory_xact_lock(hashtext('stfcgi schema'), hashtext('{schema}.{#apps}'));

-- name: migrations_list
-- Numbered migrations that this database has had. Version 0, "adopted": all users were found in the reservation
-- tables once, so that only detect_pending is asked from then on.
SELECT version, name, applied_at FROM {stfcgi_migrations} ORDER BY version;

-- name: migrations_record
-- $1 version, $2 name (the file's, without .sql). In the transaction of the migration itself.
INSERT INTO {stfcgi_migrations} (version, name, applied_at)
VALUES ($1, $2, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
ON CONFLICT (version) DO NOTHING;
