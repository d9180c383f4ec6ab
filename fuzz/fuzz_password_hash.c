/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts of password hashes as imports bring them and the database holds them. The first line is a text, the
 * rest a password. Texts that would take long are left out here: the limits on them have their own tests.
 */
#include <sodium.h>
#include <string.h>

#include "base/arena.h"
#include "crypto/password_hash.h"
#include "fuzz.h"

/* At most so many digits behind every NAME=. */
static bool is_small(struct str text, char name, size_t most)
{
    for (size_t i = 0; i + 1 < text.n; i++) {
        size_t digits = 0;
        if (text.p[i] != name || text.p[i + 1] != '=')
            continue;
        while (i + 2 + digits < text.n && text.p[i + 2 + digits] >= '0' && text.p[i + 2 + digits] <= '9')
            digits++;
        if (digits > most)
            return false;
    }
    return true;
}

static bool is_cheap(struct str text, enum password_algorithm algorithm)
{
    if (algorithm == PASSWORD_FIREBASE_SCRYPT)
        return is_small(text, 'm', 1) && is_small(text, 'r', 1);
    return is_small(text, 'm', 2) && is_small(text, 't', 1) && is_small(text, 'p', 1);
}

static void verify(struct password_jobs_env *env, struct str text, struct str password, bool crypt_r)
{
    struct password_job job = {.kind = PASSWORD_VERIFY, .stored = text.p, .stored_len = text.n}, again;
    job.password = (const uint8_t *)password.p;
    job.password_len = password.n;
    job.firebase_signer_key =
        "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==";
    again = job;
    env->bcrypt_crypt_r = crypt_r;
    password_jobs_run(env, (struct password_job *[]){&job}, 1);
    FUZZ_EXPECT(job.status == PASSWORD_JOB_DONE || job.status == PASSWORD_JOB_REFUSED);
    FUZZ_EXPECT(job.status == PASSWORD_JOB_DONE || !job.match);
    FUZZ_EXPECT(!job.match || password_format(text.p, text.n) != PASSWORD_UNKNOWN);
    env->bcrypt_crypt_r = !crypt_r; /* both ways to a bcrypt hash say the same */
    password_jobs_run(env, (struct password_job *[]){&again}, 1);
    FUZZ_EXPECT(job.match == again.match && job.status == again.status);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    static struct password_jobs_env env = {.bcrypt_verify_cost_max = 5};
    if (!env.argon2)
        FUZZ_EXPECT(sodium_init() >= 0 && (env.argon2 = argon2_arena_create(1 << 20)));
    struct str rest = {(const char *)data, size}, text = arena_str(&arena, str_split(&rest, '\n'));
    enum password_algorithm algorithm = password_format(text.p, text.n);
    FUZZ_EXPECT(algorithm <= PASSWORD_FIREBASE_SCRYPT);
    if (is_cheap(text, algorithm))
        verify(&env, text, rest.p ? rest : STR(""), size % 2);
    arena_reset(&arena);
    return 0;
}
