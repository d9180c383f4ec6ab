/* SPDX-License-Identifier: Apache-2.0 */
#include "emailpassword/validate.h"

#include <stdlib.h>

/* ---- addresses ---- */

static bool is_space(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* White space of JavaScript's \s beyond ASCII: U+00A0, U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F,
 * U+205F, U+3000, U+FEFF, in UTF-8. */
static bool starts_with_wide_space(struct str s)
{
    static const char *const spaces[] = {"\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\xA8", "\xE2\x80\xA9",
                                         "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80", "\xEF\xBB\xBF"};
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++)
        if (str_starts(s, str_of(spaces[i])))
            return true;
    return s.n >= 3 && str_starts(s, STR("\xE2\x80")) && (unsigned char)s.p[2] >= 0x80 &&
           (unsigned char)s.p[2] <= 0x8A;
}

/* Runs of ordinary characters between single dots. */
static bool is_dot_atom(struct str s)
{
    bool after_dot = true;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '.') {
            if (after_dot)
                return false;
            after_dot = true;
            continue;
        }
        after_dot = false;
        if (strchr("<>()[]\\,;:@\"", s.p[i]) || is_space((unsigned char)s.p[i]) ||
            starts_with_wide_space(str_from(s, i)))
            return false;
    }
    return !after_dot;
}

static bool is_quoted(struct str s)
{
    if (s.n < 3 || s.p[0] != '"' || s.p[s.n - 1] != '"')
        return false;
    for (size_t i = 1; i + 1 < s.n; i++)
        if (s.p[i] == '\n' || s.p[i] == '\r' || str_starts(str_from(s, i), STR("\xE2\x80\xA8")) ||
            str_starts(str_from(s, i), STR("\xE2\x80\xA9")))
            return false;
    return true;
}

/* [1.22.333.4] */
static bool is_address_literal(struct str s)
{
    if (s.n < 2 || s.p[0] != '[' || s.p[s.n - 1] != ']')
        return false;
    struct str rest = {s.p + 1, s.n - 2};
    int parts = 0;
    while (rest.p) {
        struct str part = str_split(&rest, '.');
        if (part.n < 1 || part.n > 3)
            return false;
        for (size_t i = 0; i < part.n; i++)
            if (!is_digit(part.p[i]))
                return false;
        parts++;
    }
    return parts == 4;
}

/* Labels of letters, digits and hyphens; the last one, of which there must be a second, of letters only. */
static bool is_domain(struct str s)
{
    struct str rest = s, last = STR_NONE;
    int labels = 0;
    while (rest.p) {
        last = str_split(&rest, '.');
        labels++;
        for (size_t i = 0; i < last.n; i++)
            if (!is_letter(last.p[i]) && !is_digit(last.p[i]) && last.p[i] != '-')
                return false;
        if (last.n == 0)
            return false;
    }
    for (size_t i = 0; i < last.n; i++)
        if (!is_letter(last.p[i]))
            return false;
    return labels >= 2 && last.n >= 2;
}

const char *validate_email(struct str email)
{
    size_t at = email.n;
    while (at > 0 && email.p[at - 1] != '@')
        at--;
    if (at == 0)
        return "Email is invalid";
    struct str local = str_head(email, at - 1), domain = str_from(email, at);
    bool good = (is_dot_atom(local) || is_quoted(local)) && (is_address_literal(domain) || is_domain(domain));
    return good ? NULL : "Email is invalid";
}

/* ---- passwords ---- */

/* Of valid UTF-8. */
static size_t utf16_units(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        n += (c & 0xC0) != 0x80;
        n += c >= 0xF0;
    }
    return n;
}

static size_t characters(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    return n;
}

const char *validate_password(struct str password)
{
    bool letter = false, digit = false;
    for (size_t i = 0; i < password.n; i++) {
        letter |= is_letter(password.p[i]);
        digit |= is_digit(password.p[i]);
    }
    if (utf16_units(password) < 8)
        return "Password must contain at least 8 characters, including a number";
    if (utf16_units(password) >= 100)
        return "Password's length must be lesser than 100 characters";
    if (!letter)
        return "Password must contain at least one alphabet";
    return digit ? NULL : "Password must contain at least one number";
}

/* What is tried first everywhere. Digits and signs at the end of a password are taken off before it is looked
 * up, so words stand without them and may be shorter than a password. */
static const char *const common[] = {
    "1q2w3e4r",  "1qaz2wsx",   "abcd1234", "access",     "admin",      "administrator", "asdfasdf",
    "asdfghjk",  "asdfghjkl",  "baseball", "basketball", "batman",     "butterfly",     "changeme",
    "charlie",   "chocolate",  "computer", "corvette",   "default",    "dragon",        "einstein",
    "football",  "footballer", "freedom",  "fuckyou",    "guest",      "harley",        "hello",
    "hockey",    "iloveyou",   "internet", "jennifer",   "jessica",    "jordan",        "killer",
    "letmein",   "login",      "lovely",   "master",     "maverick",   "mercedes",      "michael",
    "michelle",  "midnight",   "monkey",   "mustang",    "mypassword", "nothing",       "p@ssw0rd",
    "passw0rd",  "password",   "passwort", "pokemon",    "princess",   "q1w2e3r4",      "q1w2e3r4t5",
    "qazwsxedc", "qwer",       "qwert",    "qwerty",     "qwertyui",   "qwertyuiop",    "qwertz",
    "qwertzui",  "qwertzuiop", "root",     "samsung",    "secret",     "shadow",        "soccer",
    "starwars",  "summer",     "sunshine", "superman",   "target",     "tequiero",      "test",
    "testtest",  "thomas",     "trustno",  "user",       "welcome",    "whatever",      "winter",
    "zaq12wsx",  "zxcvbnm",
};

static bool is_common_word(struct str word)
{
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
        if (str_is_ci(word, str_of(common[i])))
            return true;
    return false;
}

static bool is_common(struct str password)
{
    struct str word = password;
    while (word.n > 0 && !is_letter(word.p[word.n - 1]))
        word.n--;
    return is_common_word(password) || is_common_word(word);
}

/* Every byte follows from the one before by the same step: aaaaaaaa, 12345678, hgfedcba; or the first half
 * again and again: abcabcabc, 12121212. */
static bool is_run(struct str s)
{
    bool straight = true;
    for (size_t i = 2; i < s.n; i++)
        straight &= s.p[i] - s.p[i - 1] == s.p[1] - s.p[0];
    if (straight && s.n > 1 && abs(s.p[1] - s.p[0]) <= 1)
        return true;
    if (str_is_ci(s, STR("1234567890")) || str_is_ci(s, STR("0987654321")))
        return true;
    for (size_t period = 1; period <= 4 && period * 2 <= s.n; period++) {
        bool repeated = true;
        for (size_t i = period; i < s.n; i++)
            repeated &= s.p[i] == s.p[i - period];
        if (repeated)
            return true;
    }
    return false;
}

static bool contains(struct str s, struct str part)
{
    for (size_t i = 0; i + part.n <= s.n; i++)
        if (str_is_ci(str_head(str_from(s, i), part.n), part))
            return true;
    return false;
}

/* The word with up to four more characters, or a part of it. */
static bool is_built_on(struct str password, struct str word)
{
    enum { SHORTEST_WORD = 4, MORE = 4 };
    return (word.n >= SHORTEST_WORD && password.n <= word.n + MORE && contains(password, word)) ||
           contains(word, password);
}

const char *validate_password_nist(struct str password, const struct str context[VALIDATE_CONTEXT])
{
    if (characters(password) < 8)
        return "Password must contain at least 8 characters";
    if (characters(password) > 256)
        return "Password must contain at most 256 characters";
    if (is_common(password) || is_run(password))
        return "This password is one of the first that others would try. Please choose another one";
    for (size_t i = 0; i < VALIDATE_CONTEXT; i++)
        if (is_built_on(password, context[i]) ||
            is_built_on(password, str_head(context[i], str_find(context[i], '@'))))
            return "This password is easy to guess from your e-mail address or the name of this site. Please "
                   "choose another one";
    return NULL;
}
