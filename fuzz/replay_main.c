/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a fuzz target over the files given as arguments, and over the files in directories given, without
 * libFuzzer: a corpus as a test, TAP on standard output. A file that fails ends the program by a signal,
 * which is a failed test.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

enum { INPUT_MAX_BYTES = 1 << 20 };

static unsigned files;

static bool run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        printf("Bail out! cannot open %s\n", path);
        return false;
    }
    static uint8_t buffer[INPUT_MAX_BYTES];
    size_t n = fread(buffer, 1, sizeof buffer, f);
    fclose(f);
    printf("# %s\n", path); /* the last one printed is the one that failed */
    fflush(stdout);
    uint8_t *exact = malloc(n ? n : 1); /* of the exact size, so that sanitizers see reads beyond it */
    if (!exact)
        return false;
    memcpy(exact, buffer, n);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    printf("ok %u - %s\n", ++files, path);
    return true;
}

static bool run_directory(const char *path)
{
    struct dirent **entries;
    int n = scandir(path, &entries, NULL, alphasort);
    bool ok = n >= 0;
    if (!ok)
        printf("Bail out! cannot read %s\n", path);
    for (int i = 0; i < n; i++) {
        char file[4096];
        int length = snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && length < (int)sizeof file)
            ok = ok && run_file(file);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return ok;
}

int main(int argc, char **argv)
{
    bool ok = argc > 1;
    for (int i = 1; ok && i < argc; i++) {
        struct stat st;
        bool directory = stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode);
        ok = directory ? run_directory(argv[i]) : run_file(argv[i]);
    }
    printf("1..%u\n", files);
    return ok && files ? 0 : 1;
}
