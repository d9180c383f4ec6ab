-- SPDX-License-Identifier: Apache-2.0
-- Partitions of activity_log. Also run once a day.

-- ensure: activity_log partitions of this month and the next (UTC, bounds in ms), and the default
-- A month that cannot be made is left out quietly: its rows go to the default partition. That is so when the
-- default already holds rows of it, when another node makes it now, and when the log is too busy to be locked.
DO $$
DECLARE
    month timestamp;
    partition text;
    lower_ms bigint;
    upper_ms bigint;
    patience text := current_setting('lock_timeout');
BEGIN
    IF to_regclass('{activity_log}_default') IS NULL THEN
        BEGIN
            CREATE TABLE IF NOT EXISTS {activity_log}_default PARTITION OF {activity_log} DEFAULT;
        EXCEPTION
            WHEN duplicate_table OR unique_violation OR invalid_object_definition THEN NULL;
        END;
    END IF;

    PERFORM set_config('lock_timeout', '3s', true);
    FOR month IN
        SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + n * interval '1 month'
        FROM generate_series(0, 1) AS n
    LOOP
        partition := '{activity_log}_p' || to_char(month, 'YYYYMM');
        lower_ms := extract(epoch FROM month) * 1000;
        upper_ms := extract(epoch FROM month + interval '1 month') * 1000;
        IF to_regclass(partition) IS NULL THEN
            BEGIN
                EXECUTE format('CREATE TABLE IF NOT EXISTS %s PARTITION OF {activity_log} FOR VALUES FROM (%s) TO (%s)',
                               partition, lower_ms, upper_ms);
            EXCEPTION
                WHEN check_violation OR duplicate_table OR unique_violation OR invalid_object_definition
                    OR lock_not_available OR deadlock_detected THEN NULL;
            END;
        END IF;
    END LOOP;
    PERFORM set_config('lock_timeout', patience, true);
END $$;
