-- SPDX-License-Identifier: Apache-2.0
-- Bringing the users of LEGACY and DUAL_WRITE databases into the reservation tables (spec: db-schema 4.1).
--
-- schema_analyze; then for each app of backfill_apps:
--   backfill_stale: not 0 means that the database went back to LEGACY mode after a backfill: backfill_forget;
--   backfill_reopen; then transactions of backfill_lock and backfill_batch until backfill_lock returns no id;
--   backfill_group_times.
-- schema_analyze; then detect_pending and detect_unreserved must say false. Last, once for the base database:
-- backfill_stored_modes.
-- Several processes may do the batches at once, and they may be stopped and started again at any point.

-- name: backfill_apps
SELECT app_id FROM {apps} ORDER BY app_id;

-- name: backfill_stale
-- $1 app_id. Users that have reservations, but others than the old tables ask for. Only for a database that is
-- LEGACY: elsewhere the old tables are frozen.
-- Facts are compared by grouping, not by joining, which is as fast without statistics.
WITH facts (user_id, kind, value, old) AS (
    SELECT user_id, 'email', email, true FROM {emailpassword_users} WHERE app_id = $1
    UNION ALL SELECT user_id, 'email', email, true FROM {webauthn_users} WHERE app_id = $1
    UNION ALL SELECT user_id, 'email', email, true FROM {thirdparty_users} WHERE app_id = $1
    UNION ALL SELECT user_id, 'tparty', third_party_id || '::' || third_party_user_id, true
              FROM {thirdparty_users} WHERE app_id = $1
    UNION ALL SELECT user_id, 'email', email, true
              FROM {passwordless_users} WHERE app_id = $1 AND email IS NOT NULL
    UNION ALL SELECT user_id, 'phone', phone_number, true
              FROM {passwordless_users} WHERE app_id = $1 AND phone_number IS NOT NULL
    UNION ALL SELECT user_id, 'tenant', tenant_id, true FROM {all_auth_recipe_users} WHERE app_id = $1
    UNION ALL SELECT user_id, 'primary',
                     CASE WHEN is_linked_or_is_a_primary_user THEN primary_or_recipe_user_id ELSE '' END, true
              FROM {app_id_to_user_id} WHERE app_id = $1
    UNION ALL SELECT user_id, 'pending', '', true FROM {app_id_to_user_id} WHERE app_id = $1 AND time_joined = 0
    UNION ALL SELECT recipe_user_id, account_info_type, account_info_value, false
              FROM {recipe_user_account_infos} WHERE app_id = $1
    UNION ALL SELECT recipe_user_id, 'primary', coalesce(primary_user_id, ''), false
              FROM {recipe_user_account_infos} WHERE app_id = $1
    UNION ALL SELECT recipe_user_id, 'tenant', tenant_id, false FROM {recipe_user_tenants} WHERE app_id = $1
)
SELECT count(*)
FROM (SELECT user_id
      FROM (SELECT user_id, kind, bool_and(old) OR NOT bool_or(old) AS differs, NOT bool_and(old) AS reserved
            FROM facts
            GROUP BY user_id, kind, value) f
      GROUP BY user_id
      HAVING bool_or(differs) AND bool_or(kind = 'primary' AND reserved) AND NOT bool_or(kind = 'pending')) u;

-- name: backfill_forget
-- $1 app_id. Starts the app's backfill over. Only for a database that is LEGACY: elsewhere it loses data.
WITH identifiers AS (
    DELETE FROM {recipe_user_account_infos} WHERE app_id = $1
), memberships AS (
    DELETE FROM {recipe_user_tenants} WHERE app_id = $1
), held AS (
    DELETE FROM {primary_user_tenants} WHERE app_id = $1
)
UPDATE {app_id_to_user_id} SET time_joined = 0 WHERE app_id = $1 AND time_joined <> 0;

-- name: backfill_reopen
-- $1 app_id. Users having a time but no reservation (see detect_unreserved) become pending again. Only for a
-- database that is LEGACY: elsewhere the old tables are frozen.
WITH unreserved AS MATERIALIZED (
    SELECT a.user_id
    FROM {app_id_to_user_id} a
    WHERE a.app_id = $1 AND a.time_joined <> 0
      AND NOT EXISTS (SELECT FROM {recipe_user_account_infos} i
                      WHERE i.app_id = a.app_id AND i.recipe_user_id = a.user_id)
)
UPDATE {app_id_to_user_id} a
SET time_joined = 0
FROM unreserved u
WHERE a.app_id = $1 AND a.user_id = u.user_id
  AND EXISTS (SELECT FROM (
                  SELECT app_id, user_id FROM {emailpassword_users}
                  UNION ALL SELECT app_id, user_id FROM {thirdparty_users}
                  UNION ALL SELECT app_id, user_id FROM {webauthn_users}
                  UNION ALL SELECT app_id, user_id FROM {passwordless_users}
                  WHERE coalesce(email, phone_number) IS NOT NULL) r
              WHERE r.app_id = $1 AND r.user_id = u.user_id);

-- name: backfill_lock
-- $1 app_id, $2 limit. One row: user_ids, the locked users as an array in text form, to be handed to backfill_batch
-- as it is; how_many, their number: 0 ends the loop; unknown_recipe, NULL unless one of them has a recipe that
-- backfill_batch does not know: then roll back and tell the operator.
-- A statement of its own, so that backfill_batch reads what was committed before the lock was had.
SELECT array_agg(b.user_id) AS user_ids,
       count(*) AS how_many,
       min(b.recipe_id) FILTER (WHERE b.recipe_id NOT IN ('emailpassword', 'thirdparty', 'passwordless', 'webauthn'))
           AS unknown_recipe
FROM (SELECT user_id, recipe_id
      FROM {app_id_to_user_id}
      WHERE app_id = $1 AND time_joined = 0
      ORDER BY user_id
      LIMIT $2
      FOR UPDATE SKIP LOCKED) b;

-- name: backfill_batch
-- $1 app_id, $2 user_ids of backfill_lock. One row: the number of users done, of identifiers and of memberships
-- reserved. Time 0 means "pending" and is stored as 1. A deleted login that only keeps its group's id alive has no
-- time of its own: it gets its group's.
-- All is gathered user by user, in one row each: joins between such lists would be at the mercy of row estimates,
-- and there are no statistics right after the columns were added.
WITH users AS MATERIALIZED (
    SELECT u.user_id, u.recipe_id,
           CASE WHEN u.is_linked_or_is_a_primary_user THEN u.primary_or_recipe_user_id END AS primary_user_id,
           login.email, login.phone, login.third_party_id, login.third_party_user_id,
           membership.tenants,
           coalesce(membership.joined, login.joined, others.joined) AS joined,
           coalesce(membership.primary_joined, login.joined, others.joined) AS primary_joined
    FROM unnest($2::bpchar[]) AS locked (user_id)
    JOIN {app_id_to_user_id} u ON u.app_id = $1 AND u.user_id = locked.user_id AND u.time_joined = 0
         AND u.recipe_id IN ('emailpassword', 'thirdparty', 'passwordless', 'webauthn')
    LEFT JOIN LATERAL (
        SELECT r.time_joined AS joined, r.email, NULL AS phone, '' AS third_party_id, '' AS third_party_user_id
        FROM {emailpassword_users} r
        WHERE u.recipe_id = 'emailpassword' AND r.app_id = $1 AND r.user_id = u.user_id
        UNION ALL
        SELECT r.time_joined, r.email, NULL, r.third_party_id, r.third_party_user_id
        FROM {thirdparty_users} r
        WHERE u.recipe_id = 'thirdparty' AND r.app_id = $1 AND r.user_id = u.user_id
        UNION ALL
        SELECT r.time_joined, r.email, r.phone_number, '', ''
        FROM {passwordless_users} r
        WHERE u.recipe_id = 'passwordless' AND r.app_id = $1 AND r.user_id = u.user_id
        UNION ALL
        SELECT r.time_joined, r.email, NULL, '', ''
        FROM {webauthn_users} r
        WHERE u.recipe_id = 'webauthn' AND r.app_id = $1 AND r.user_id = u.user_id
    ) login ON true
    LEFT JOIN LATERAL (
        SELECT array_agg(o.tenant_id) AS tenants, min(o.time_joined) AS joined,
               min(o.primary_or_recipe_user_time_joined) AS primary_joined
        FROM {all_auth_recipe_users} o
        WHERE o.app_id = $1 AND o.user_id = u.user_id
    ) membership ON true
    LEFT JOIN LATERAL (
        SELECT min(o.primary_or_recipe_user_time_joined) AS joined
        FROM {all_auth_recipe_users} o
        WHERE membership.joined IS NULL AND login.joined IS NULL
          AND o.app_id = $1 AND o.primary_or_recipe_user_id = u.user_id
    ) others ON true
), identifiers AS MATERIALIZED (
    SELECT u.user_id, u.recipe_id, u.primary_user_id, u.tenants, i.*
    FROM users u
    CROSS JOIN LATERAL (VALUES
        ('email', u.email, u.third_party_id, u.third_party_user_id),
        ('phone', u.phone, '', ''),
        ('tparty', CASE u.recipe_id WHEN 'thirdparty' THEN u.third_party_id || '::' || u.third_party_user_id END,
         '', '')
    ) AS i (type, value, third_party_id, third_party_user_id)
    WHERE i.value IS NOT NULL
), reserved AS (
    INSERT INTO {recipe_user_account_infos} (app_id, recipe_user_id, recipe_id, account_info_type,
        account_info_value, third_party_id, third_party_user_id, primary_user_id)
    SELECT $1, user_id, recipe_id, type, value, third_party_id, third_party_user_id, primary_user_id
    FROM identifiers
    ON CONFLICT DO NOTHING
    RETURNING 1
), reserved_in_tenants AS (
    INSERT INTO {recipe_user_tenants} (app_id, recipe_user_id, tenant_id, recipe_id, account_info_type,
        account_info_value, third_party_id, third_party_user_id)
    SELECT $1, user_id, tenant_id, recipe_id, type, value, third_party_id, third_party_user_id
    FROM identifiers CROSS JOIN LATERAL unnest(tenants) AS t (tenant_id)
    ORDER BY tenant_id, recipe_id, type, third_party_id, third_party_user_id, value
    ON CONFLICT DO NOTHING
    RETURNING 1
), reserved_by_primary AS (
    INSERT INTO {primary_user_tenants} (app_id, tenant_id, account_info_type, account_info_value, primary_user_id)
    SELECT DISTINCT $1, tenant_id, type, value, primary_user_id
    FROM identifiers CROSS JOIN LATERAL unnest(tenants) AS t (tenant_id)
    WHERE primary_user_id IS NOT NULL
    ORDER BY tenant_id, type, value -- one order for all: members of a group may be in another process's batch
    ON CONFLICT DO NOTHING
), done AS (
    UPDATE {app_id_to_user_id} u
    SET time_joined = coalesce(nullif(b.joined, 0), 1),
        primary_or_recipe_user_time_joined = coalesce(nullif(b.primary_joined, 0), 1)
    FROM users b
    WHERE u.app_id = $1 AND u.user_id = b.user_id
    RETURNING 1
)
SELECT (SELECT count(*) FROM done) AS users,
       (SELECT count(*) FROM reserved) AS identifiers,
       (SELECT count(*) FROM reserved_in_tenants) AS memberships;

-- name: backfill_group_times
-- $1 app_id. Lists of users rely on one time for all members of a group. A linked user in no tenant has got its own,
-- and a link made in a DUAL_WRITE mode to a pending user has left 0. Pending users have no say.
UPDATE {app_id_to_user_id} u
SET primary_or_recipe_user_time_joined = g.oldest
FROM (SELECT primary_or_recipe_user_id, min(nullif(primary_or_recipe_user_time_joined, 0)) AS oldest
      FROM {app_id_to_user_id}
      WHERE app_id = $1 AND is_linked_or_is_a_primary_user AND time_joined <> 0
      GROUP BY primary_or_recipe_user_id
      HAVING min(primary_or_recipe_user_time_joined) <> max(primary_or_recipe_user_time_joined)) g
WHERE u.app_id = $1 AND u.primary_or_recipe_user_id = g.primary_or_recipe_user_id AND u.time_joined <> 0
  AND u.primary_or_recipe_user_time_joined <> g.oldest;

-- name: backfill_pending
-- $1 app_id, NULL for all apps together.
SELECT count(*) FROM {app_id_to_user_id} WHERE time_joined = 0 AND ($1::text IS NULL OR app_id = $1::text);

-- name: backfill_inconsistent
-- $1 app_id, NULL for all apps together. Users without a reserved identifier, pending ones too.
SELECT count(*)
FROM {app_id_to_user_id} u
WHERE ($1::text IS NULL OR u.app_id = $1::text)
  AND NOT EXISTS (SELECT FROM {recipe_user_account_infos} i
                  WHERE i.app_id = u.app_id AND i.recipe_user_id = u.user_id);

-- name: backfill_report
-- What --dry-run prints: a row for each app. inconsistent: without a reserved identifier and not pending; of those,
-- without_login: deleted logins that keep their group's id alive. Those are in order.
SELECT a.app_id,
       count(u.user_id) AS users,
       count(*) FILTER (WHERE u.time_joined = 0) AS pending,
       count(*) FILTER (WHERE u.time_joined <> 0 AND i.recipe_user_id IS NULL) AS inconsistent,
       count(*) FILTER (WHERE u.time_joined <> 0 AND i.recipe_user_id IS NULL AND NOT EXISTS (
           SELECT FROM (SELECT app_id, user_id FROM {emailpassword_users}
                        UNION ALL SELECT app_id, user_id FROM {thirdparty_users}
                        UNION ALL SELECT app_id, user_id FROM {webauthn_users}
                        UNION ALL SELECT app_id, user_id FROM {passwordless_users}) r
           WHERE r.app_id = u.app_id AND r.user_id = u.user_id)) AS without_login
FROM {apps} a
LEFT JOIN {app_id_to_user_id} u ON u.app_id = a.app_id
LEFT JOIN (SELECT DISTINCT app_id, recipe_user_id FROM {recipe_user_account_infos}) i
    ON i.app_id = u.app_id AND i.recipe_user_id = u.user_id
GROUP BY a.app_id
ORDER BY a.app_id;

-- name: backfill_report_old
-- The same for a database that lacks the columns or the reservation tables: everyone is pending.
SELECT a.app_id, count(u.user_id) AS users, count(u.user_id) AS pending, 0::bigint AS inconsistent,
       0::bigint AS without_login
FROM {apps} a LEFT JOIN {app_id_to_user_id} u ON u.app_id = a.app_id
GROUP BY a.app_id
ORDER BY a.app_id;

-- name: backfill_stored_modes
-- Base database, once all databases are done: stored modes say what is now true.
UPDATE {tenant_configs}
SET core_config = jsonb_set(core_config::jsonb, ARRAY['migration_mode'], '"MIGRATED"')::text
WHERE core_config LIKE '%migration_mode%'
  AND coalesce(core_config::jsonb ->> 'migration_mode', 'MIGRATED') <> 'MIGRATED';
