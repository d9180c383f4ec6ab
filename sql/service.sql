-- SPDX-License-Identifier: Apache-2.0
-- What the processes around the workers send (fcgi/): on connections of their own, without table names.

-- name: listen
LISTEN supertokens_fcgi

-- name: jobs_lead
SELECT pg_try_advisory_lock(hashtextextended('supertokens-fcgi jobs ' || $1, 0))

-- name: server_version
SELECT current_setting('server_version')
