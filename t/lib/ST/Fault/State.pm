# SPDX-License-Identifier: Apache-2.0
#
# What holds in a database at any time, whatever failed: no row without the rows that belong to it. Each statement finds
# what is wrong, one line a finding.
package ST::Fault::State;
use v5.36;

my %users = (emailpassword => 'emailpassword_users', thirdparty => 'thirdparty_users');
my @checks = (
    # users
    (map { ["$_ users have their row", <<"END"] } sort keys %users),
        SELECT u.user_id FROM app_id_to_user_id u LEFT JOIN $users{$_} r USING (app_id, user_id)
        WHERE u.recipe_id = '$_' AND r.user_id IS NULL
END
    (map { ["$_ rows have their user", <<"END"] } sort keys %users),
        SELECT r.user_id FROM $users{$_} r LEFT JOIN app_id_to_user_id u USING (app_id, user_id)
        WHERE u.user_id IS NULL OR u.recipe_id <> '$_'
END
    ['users can be found by their address', <<'END'],
        SELECT u.user_id FROM app_id_to_user_id u
        WHERE NOT EXISTS (SELECT 1 FROM recipe_user_account_infos i WHERE i.app_id = u.app_id AND i.recipe_user_id = u.user_id
            AND i.account_info_type = 'email')
END
    ['addresses have their user', <<'END'],
        SELECT recipe_user_id FROM recipe_user_account_infos i
        WHERE NOT EXISTS (SELECT 1 FROM app_id_to_user_id u WHERE u.app_id = i.app_id AND u.user_id = i.recipe_user_id)
END
    ['addresses are those of the recipe', <<'END'],
        SELECT e.user_id FROM emailpassword_users e JOIN recipe_user_account_infos i
            ON i.app_id = e.app_id AND i.recipe_user_id = e.user_id AND i.account_info_type = 'email'
        WHERE i.account_info_value <> e.email
END
    ['addresses in tenants are those of the user', <<'END'],
        SELECT recipe_user_id FROM recipe_user_tenants t
        WHERE NOT EXISTS (SELECT 1 FROM recipe_user_account_infos i WHERE i.app_id = t.app_id
            AND i.recipe_user_id = t.recipe_user_id AND i.account_info_type = t.account_info_type
            AND i.account_info_value = t.account_info_value)
END
    ['users of tenants have all their addresses there', <<'END'],
        SELECT t.recipe_user_id FROM (SELECT DISTINCT app_id, tenant_id, recipe_user_id FROM recipe_user_tenants) t
        JOIN recipe_user_account_infos i USING (app_id, recipe_user_id)
        WHERE NOT EXISTS (SELECT 1 FROM recipe_user_tenants o WHERE o.app_id = t.app_id AND o.tenant_id = t.tenant_id
            AND o.recipe_user_id = t.recipe_user_id AND o.account_info_type = i.account_info_type
            AND o.account_info_value = i.account_info_value)
END
    # sessions
    ['sessions are whole', <<'END'],
        SELECT session_handle FROM session_info
        WHERE user_id IS NULL OR refresh_token_hash_2 IS NULL OR session_data IS NULL OR jwt_user_payload IS NULL
            OR expires_at <= created_at_time
END
    # tenants
    ['tenants have their configuration', <<'END'],
        SELECT app_id || ' ' || tenant_id FROM tenants t
        WHERE NOT EXISTS (SELECT 1 FROM tenant_configs c WHERE c.app_id = t.app_id AND c.tenant_id = t.tenant_id)
            AND (app_id, tenant_id) <> ('public', 'public')
END
    ['configurations have their tenant', <<'END'],
        SELECT app_id || ' ' || tenant_id FROM tenant_configs c
        WHERE connection_uri_domain = ''
            AND NOT EXISTS (SELECT 1 FROM tenants t WHERE t.app_id = c.app_id AND t.tenant_id = c.tenant_id)
END
    ['apps have their public tenant', <<'END'],
        SELECT app_id FROM apps a WHERE NOT EXISTS (SELECT 1 FROM tenants t WHERE t.app_id = a.app_id AND t.tenant_id = 'public')
END
    ['providers have their clients', <<'END'],
        SELECT third_party_id FROM tenant_thirdparty_providers p
        WHERE third_party_id LIKE 'with-client%' AND NOT EXISTS (SELECT 1 FROM tenant_thirdparty_provider_clients c
            WHERE c.app_id = p.app_id AND c.tenant_id = p.tenant_id AND c.third_party_id = p.third_party_id)
END
    # roles
    ['permissions have their role', <<'END'],
        SELECT role FROM role_permissions p WHERE NOT EXISTS (SELECT 1 FROM roles r WHERE r.app_id = p.app_id AND r.role = p.role)
END
    # connections
    ['no connection is left in a transaction', <<'END'],
        SELECT pid || ' ' || state FROM pg_stat_activity
        WHERE application_name LIKE 'supertokens%' AND state LIKE 'idle in transaction%'
            AND state_change < clock_timestamp() - interval '1 second'
END
);

# All in one statement, as starting psql takes longer than they do.
sub wrong ($pg) {
    my $all = join ' UNION ALL ', map { "SELECT '$checks[$_][0]' AS rule, found::text FROM ($checks[$_][1]) AS c$_ (found)" } 0 .. $#checks;
    return map { "$_->[0]: not $_->[1]" } @{ $pg->query("SELECT * FROM ($all) AS wrong LIMIT 20") };
}

1;
