/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>
#include <openssl/err.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
int __real_madvise(void *p, size_t size, int advice);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
int __wrap_madvise(void *p, size_t size, int advice);

static unsigned left; /* allocations until the one that fails; 0: none will */
static bool fired;

static bool fails(void)
{
    if (left == 0 || --left > 0)
        return false;
    fired = true;
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails() ? NULL : __real_realloc(p, size);
}

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    return fails() ? MAP_FAILED : __real_mmap(at, size, protection, flags, fd, offset);
}

int __wrap_madvise(void *p, size_t size, int advice)
{
    return fails() ? -1 : __real_madvise(p, size, advice);
}

static bool run(struct arena *a, bool (*operation)(void), unsigned nth)
{
    jmp_buf out_of_memory;
    volatile bool done = false;
    fired = false;
    left = nth;
    a->recover = &out_of_memory;
    if (setjmp(out_of_memory) == 0)
        done = operation();
    left = 0;
    a->recover = NULL;
    arena_free(a);
    ERR_clear_error();
    return done;
}

unsigned fault_sweep(struct arena *a, bool (*operation)(void), unsigned step)
{
    unsigned failed = 0;
    assert_true(run(a, operation, 0)); /* what is made once is there now */
    for (unsigned nth = 1;; nth += 1 + (step ? nth * step / 8 : 0)) {
        bool done = run(a, operation, nth);
        if (!fired) {
            assert_true(done);
            return failed;
        }
        failed += !done;
    }
}
