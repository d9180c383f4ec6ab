-- SPDX-License-Identifier: Apache-2.0

-- ensure: oauth_m2m_token_stats counts the tokens issued before it existed
INSERT INTO {oauth_m2m_token_stats} (app_id, iat_bucket, exp_bucket, count)
SELECT app_id, iat / 3600, exp / 3600, count(*)
FROM {oauth_m2m_tokens}
WHERE NOT EXISTS (SELECT FROM {oauth_m2m_token_stats})
GROUP BY app_id, iat / 3600, exp / 3600
ON CONFLICT DO NOTHING;
