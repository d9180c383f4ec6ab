# SPDX-License-Identifier: Apache-2.0
# What a tenant offers after sequences of requests by the three sets of rules, and how each form of the interface tells.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Multitenancy qw(F T get put);
use ST::Stack;

my $s    = ST::Stack->new;
my $core = $s->core;

# Recipes and their factors by letters: P stands for all four of passwordless, O for its two one-time codes.
my %recipe  = (e => 'emailPassword', t => 'thirdParty', p => 'passwordless');
my %factors = (E => ['emailpassword'], T => ['thirdparty'], P => [qw(otp-phone otp-email link-phone link-email)], O => [qw(otp-phone otp-email)]);

# A sequence: kind of tenant (other, or public: of a new app), then pairs of a request and what the tenant is afterwards.
#
# Request: rules (4: v1 by CDI 4.0, 5: v1 by CDI 5.4, 2: v2), flags given (+e is emailPasswordEnabled true, -t thirdPartyEnabled
# false), first=... and second=... (letters above and names, by commas; null; empty).
#
# Afterwards, or the text of a refusal: recipes enabled by CDI 4.0, by CDI 5.4; first factors by CDI 5.4, by v2; second ones. An
# absent list is a dot.
my @sequences = (
    ['v1 before 5.0: recipes are switched by first factors', 'other',
        ['4', '--- --- . empty .'],
        ['4 +e', 'e-- e-- E E .'],
        ['4 +t', 'et- et- E,T E,T .'],
        ['4 -e', '-t- et- T T .'],
        ['4 +e +p', 'etp etp E,T,P E,T,P .'],
        ['4 -e -t -p', '--- --- . empty .'],
        ['4 +t -p', '-t- etp T T .'],
    ],
    ['v1 before 5.0: an open tenant', 'public',
        ['4 +e', 'etp etp . . .'],
        ['4 -p', 'et- etp E,T E,T .'],
        ['4 +p', 'etp etp E,T,P E,T,P .'],
        ['4 -e -t -p', '--- --- . empty .'],
        ['4 +e', 'e-- etp E E .'],
    ],
    ['v1 before 5.0 keeps what it does not know', 'other',
        ['2 first=O,custom second=totp', '--p etp O,custom O,custom totp'],
        ['4 +e', 'e-p etp E,O,custom E,O,custom totp'],
        ['4 -p', 'e-- etp E,custom E,custom totp'],
        ['4 +p', 'e-p etp E,P,custom E,P,custom totp'],
    ],
    ['v1 from 5.0 on: recipes are switched by flags', 'other',
        ['5', '--- --- . empty .'],
        ['5 +e', 'e-- e-- . E .'],
        ['5 +p', 'e-p e-p . E,P .'],
        ['5 -e', '--p --p . P .'],
        ['5 -p', '--- --- . empty .'],
        ['5 +t', '-t- -t- . T .'],
    ],
    ['v1 from 5.0 on: first factors switch recipes on', 'other',
        ['5 first=E,custom', 'e-- e-- E,custom E,custom .'],
        ['5 first=T', '-t- et- T T .'],
        ['5 first=null', 'et- et- . E,T .'],
        ['5 first=O', '--p etp O O .'],
        ['5 first=custom', '--- etp custom custom .'],
    ],
    ['v1 from 5.0 on: recipes switched off take their factors along', 'public',
        ['5 first=E,T,P second=E,T,totp', 'etp etp E,T,P E,T,P E,T,totp'],
        ['5 -e', '-tp -tp T,P T,P T,totp'],
        ['5 -t', '--p --p P P totp'],
        ['5 -p second=totp', '--- --- . empty totp'],
        ['5 second=null', '--- --- . empty .'],
    ],
    ['v1 from 5.0 on: the last second factor goes', 'public',
        ['5 second=E', 'etp etp . . E'],
        ['5 -e', '-tp -tp . T,P .'],
    ],
    ['v1 from 5.0 on: what a second factor switches on is no first factor', 'other',
        ['5 +t', '-t- -t- . T .'],
        ['5 second=E', '-t- et- T T E'],
        ['5 second=E,O', '-t- etp T T E,O'],
    ],
    ['v1 from 5.0 on: unless it was switched on by name', 'other',
        ['5 +t', '-t- -t- . T .'],
        ['5 +e second=E', 'et- et- . E,T E'],
    ],
    ['v1 from 5.0 on: or first factors are given', 'other',
        ['5 +t', '-t- -t- . T .'],
        ['5 second=E first=null', 'et- et- . E,T E'],
        ['5 first=T second=O', '-t- etp T T O'],
    ],
    ['v1 from 5.0 on: no first factor was there', 'other',
        ['5 second=E', '--- --- . empty E'],
    ],
    ['v1 from 5.0 on: a custom second factor switches nothing on', 'other',
        ['5 second=totp', '--- --- . empty totp'],
        ['5 +p', '--p --p . P totp'],
    ],
    ['v1 from 5.0 on revives a tenant of v2', 'other',
        ['2', '--- --- . empty .'],
        ['5 +e', 'e-- e-- . E .'],
    ],
    ['v1 from 5.0 on: a flag that is given counts, also with an empty list', 'other',
        ['2', '--- --- . empty .'],
        ['5 -e', '--- --- . empty .'],
        ['5 +t second=E', '-t- et- T T E'],
    ],
    ['v1 from 5.0 on: factors of a recipe that stays off', 'public',
        ['5 -e -p first=T', '-t- -t- T T .'],
        ['5 first=T,custom', '-t- -t- T,custom T,custom .'],
        ['5 -t', '--- --- custom custom .'],
        ['5 +e first=E second=E', 'e-- e-- E E E'],
    ],
    ['v2: nothing is allowed until it is said', 'other',
        ['2', '--- --- . empty .'],
        ['2 second=totp', '--- --- . empty totp'],
        ['2 second=empty', '--- --- . empty .'],
        ['2 first=null', 'etp etp . . .'],
        ['2 first=empty', '--- --- . empty .'],
        ['2 first=E,custom', 'e-- etp E,custom E,custom .'],
        ['2', 'e-- etp E,custom E,custom .'],
    ],
    ['v2 takes over from v1', 'other',
        ['5 +e +p', 'e-p e-p . E,P .'],
        ['2', 'e-p e-p . E,P .'],
        ['2 second=totp', 'e-p etp E,P E,P totp'],
        ['2 first=null second=null', 'etp etp . . .'],
    ],
    ['v2 takes over an open tenant', 'public',
        ['2 second=E', 'etp etp . . E'],
        ['2 first=T', '-t- etp T T E'],
        ['2 second=null', '-t- etp T T .'],
    ],
    ['v2 takes over from v1 before 5.0', 'other',
        ['4 +e', 'e-- e-- E E .'],
        ['2 second=totp', 'e-- etp E E totp'],
        ['4 +t', 'et- etp E,T E,T totp'],
        ['4 -t', 'e-- etp E E totp'],
    ],
    ['refused lists', 'other',
        ['5 first=empty', '400 firstFactors cannot be empty. Set null instead to remove all first factors.'],
        ['5 second=empty', '400 requiredSecondaryFactors cannot be empty. Set null instead to remove all required secondary factors.'],
        ['5 first=E second=empty', '400 requiredSecondaryFactors cannot be empty. Set null instead to remove all required secondary factors.'],
        ['5 first=E,E', '400 firstFactors input should not contain duplicate values'],
        ['5 second=totp,totp', '400 requiredSecondaryFactors input should not contain duplicate values'],
        ['2 first=E,E', '400 firstFactors input should not contain duplicate values'],
        ['2 second=totp,totp', '400 requiredSecondaryFactors input should not contain duplicate values'],
        ['2', '--- --- . empty .'],
        ['5 first=empty second=empty', '400 firstFactors cannot be empty. Set null instead to remove all first factors.'],
    ],
    ['refused because the recipe is switched off', 'public',
        ['5 -e first=E', q{400 Invalid core config: firstFactors should not contain 'emailpassword' because emailPassword is disabled for the tenant.}],
        ['5 -e second=E', q{400 Invalid core config: requiredSecondaryFactors should not contain 'emailpassword' because emailPassword is disabled for the tenant.}],
        ['5 -t first=T second=T', q{400 Invalid core config: firstFactors should not contain 'thirdparty' because thirdParty is disabled for the tenant.}],
        ['5 -p first=O', q{400 Invalid core config: firstFactors should not contain 'otp-phone' because passwordless is disabled for the tenant.}],
        ['5 -p second=link-phone,totp', q{400 Invalid core config: requiredSecondaryFactors should not contain 'link-phone' because passwordless is disabled for the tenant.}],
        ['5 -e -t -p first=T,E', q{400 Invalid core config: firstFactors should not contain 'emailpassword' because emailPassword is disabled for the tenant.}],
        ['5 -e -p second=E first=P', q{400 Invalid core config: requiredSecondaryFactors should not contain 'emailpassword' because emailPassword is disabled for the tenant.}],
        ['5 -t -p second=T first=P', q{400 Invalid core config: requiredSecondaryFactors should not contain 'thirdparty' because thirdParty is disabled for the tenant.}],
        ['5 -e first=T second=O', '-t- -tp T T O'],
    ],
);

for my $sequence (@sequences) {
    my ($name, $kind, @steps) = @$sequence;
    subtest $name => sub {
        my %at = place($kind);
        for my $step (@steps) {
            my ($request, $want) = @$step;
            my $refused = ask($request, %at);
            is $refused // state_of(%at), $want, "rules $request";
        }
    };
}

done_testing;

# prefix of the app or tenant, id for tenantId.
sub place ($kind) {
    state $n = 0;
    my $app = 'a' . ++$n;
    put($core, 'app/v2', { appId => $app });
    return $kind eq 'public' ? (prefix => "/appid-$app", id => 'public') : (prefix => "/appid-$app", id => 'other');
}

sub names ($letters) {
    return if $letters eq 'null';
    return [] if $letters eq 'empty';
    return [map { @{ $factors{$_} // [$_] } } split /,/, $letters];
}

# The text of a refusal, or nothing.
sub ask ($request, %at) {
    my ($rules, @parts) = split / /, $request;
    my %input = (tenantId => $at{id});
    for my $part (@parts) {
        if    ($part =~ /\A([+-])(\w)\z/)   { $input{"$recipe{$2}Enabled"} = $1 eq '+' ? T : F }
        elsif ($part =~ /\Afirst=(.*)\z/)  { $input{firstFactors} = names($1) }
        elsif ($part =~ /\Asecond=(.*)\z/) { $input{requiredSecondaryFactors} = names($1) }
    }
    my $answer = put($core, $rules == 2 ? 'tenant/v2' : 'tenant', \%input, prefix => $at{prefix}, cdi => $rules == 4 ? '4.0' : '5.4');
    return $answer =~ /\A200 / ? undef : $answer;
}

sub letters ($list) {
    return '.' if !$list;
    my %has = map { ($_ => 1) } @$list;
    my @out;
    for my $letter (qw(E T P O)) {
        next if grep { !$has{$_} } @{ $factors{$letter} };
        delete @has{ @{ $factors{$letter} } };
        push @out, $letter;
    }
    push @out, sort keys %has;
    return @out ? join(',', @out) : 'empty';
}

sub enabled ($tenant) {
    return join q{}, map { $tenant->{ $recipe{$_} }{enabled} ? $_ : '-' } qw(e t p);
}

sub state_of (%at) {
    my $path = $at{id} eq 'public' ? $at{prefix} : "$at{prefix}/$at{id}";
    my ($old, $v1, $v2) = map { $core->get("/recipe/multitenancy/$_->[0]", prefix => $path, cdi => $_->[1])->{json} } ['tenant', '4.0'],
      ['tenant', '5.4'], ['tenant/v2', '5.4'];
    my ($second, $same) = map { letters($_->{requiredSecondaryFactors}) } $v1, $v2;
    $second .= " but $same" if $same ne $second;
    return sprintf '%s %s %s %s %s', enabled($old), enabled($v1), (map { letters($_->{firstFactors}) } $v1, $v2), $second;
}
