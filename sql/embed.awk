# SPDX-License-Identifier: Apache-2.0
#
# Turns SQL files into C (any POSIX awk):
#   awk -v mode=header -f embed.awk session.sql ...     db/statements.h: enum stmt, one constant per statement
#   awk -v mode=source -f embed.awk session.sql ...     db/statements.c: statements[], same files in the same order
#   awk -v mode=blocks -f embed.awk schema/*.sql ...    db/blocks.c: sql_blocks[] (src/db/blocks.h), in file order
#
# A statement or block begins below its marker line and ends at the next one or at the end of the file:
#   -- name: session_insert      one statement, parameters $1, $2, ... without gaps
#   -- may be stale              (behind the name) answers of a while ago do no harm: a standby may be asked; reads only
#   -- table: session_info       (blocks) CREATE TABLE and its indexes; several statements, no parameters
#   -- ensure: text   -- step: text   (blocks) several statements, no parameters
# Statements lose their comments, line breaks and final semicolon. A duplicate name, a second statement under one
# name, a string that spans lines and a gap in the parameters stop the build.

function fail(text)
{
    print (open_entry ? entry_path : FILENAME ":" FNR) ": " text > "/dev/stderr"
    failed = 1
    exit 1
}

function c_string(text)
{
    gsub(/\\/, "&&", text)
    gsub(/"/, "\\\\&", text)
    gsub(/\?\?/, "?\\\\?", text) # no trigraphs
    return "\"" text "\""
}

# The file's name without folder and .sql.
function base_name(path)
{
    sub(/^.*\//, "", path)
    sub(/\.sql$/, "", path)
    return path
}

# LINE without its comment: "--" counts outside of '...' and "..." only.
function without_comment(line,    i, c, quote)
{
    quote = ""
    for (i = 1; i <= length(line); i++) {
        c = substr(line, i, 1)
        if (quote != "") {
            if (c == quote)
                quote = ""
        } else if (c == "'" || c == "\"")
            quote = c
        else if (c == "-" && substr(line, i, 2) == "--")
            return substr(line, 1, i - 1)
    }
    if (quote != "")
        fail(name ": a string must end on the line where it begins")
    return line
}

# Sets parameters[n] for each $n in LINE.
function note_parameters(line,    at, number)
{
    while (match(line, /\$[0-9]+/)) {
        number = substr(line, RSTART + 1, RLENGTH - 1) + 0
        if (number < 1 || number > 100)
            fail("parameter $" number)
        parameters[number] = 1
        if (number > highest)
            highest = number
        line = substr(line, RSTART + RLENGTH)
    }
}

# A statement that may be sent again after a lost connection: it changes nothing.
function is_read_only(text)
{
    text = toupper(text)
    return text ~ /^(SELECT|WITH)[^A-Z0-9_]/ && \
        text !~ /[^A-Z0-9_](UPDATE|MERGE INTO)([^A-Z0-9_]|$)|FOR (NO KEY UPDATE|SHARE|KEY SHARE)|PG_NOTIFY|ADVISORY|NEXTVAL|SETVAL|SET_CONFIG|INSERT INTO|DELETE FROM/
}

function end_entry(    i, bare)
{
    if (!open_entry)
        return
    if (text == "")
        fail(name ": no SQL text")
    if (kind == "name") {
        if (text ~ /;$/)
            text = substr(text, 1, length(text) - 1)
        sub(/ +$/, "", text)
        bare = text
        gsub(/\$\$[^$]*\$\$|'[^']*'/, "", bare)
        if (bare ~ /;/)
            fail(name ": more than one statement")
        for (i = 1; i <= highest; i++)
            if (!(i in parameters))
                fail(name ": parameter $" i " is not used")
        literal[n] = "        " c_string(text)
    }
    names[n] = name
    kinds[n] = kind
    files[n] = base_name(entry_path)
    counts[n] = highest
    read_only[n] = kind == "name" && is_read_only(text)
    if (stale[n] && !read_only[n])
        fail(name ": it writes, so it cannot be stale")
    n++
    open_entry = 0
}

function begin_entry(new_kind, new_name)
{
    end_entry()
    kind = new_kind
    name = new_name
    entry_path = FILENAME
    if (kind == "name" || kind == "table") {
        if (name !~ /^[a-z][a-z0-9_]*$/)
            fail("\"" name "\" is not a name")
        if ((kind, name) in seen)
            fail(name " is already in " seen[kind, name])
        seen[kind, name] = FILENAME
    }
    if (mode != "blocks" && kind != "name")
        fail("only \"-- name:\" belongs here")
    open_entry = 1
    text = ""
    highest = 0
    split("", parameters)
    literal[n] = ""
}

BEGIN {
    n = 0
    open_entry = failed = 0
    if (mode != "header" && mode != "source" && mode != "blocks") {
        print "embed.awk: mode must be header, source or blocks" > "/dev/stderr"
        failed = 1
        exit 1
    }
}

FNR == 1 { end_entry() }

/^-- (name|table|ensure|step):/ {
    marker = $2
    sub(/:$/, "", marker)
    title = $0
    sub(/^-- [a-z]+:[ \t]*/, "", title)
    sub(/[ \t\r]+$/, "", title)
    begin_entry(marker, title)
    next
}

/^-- may be stale$/ {
    if (!open_entry || kind != "name" || text != "")
        fail("\"may be stale\" belongs behind a name")
    stale[n] = 1
    next
}

{
    line = $0
    sub(/\r$/, "", line)
    # The other kinds are sent to the server as they are: $$-quoted bodies may hold anything.
    if (open_entry && kind != "name") {
        if (line == "" || text == "" && line ~ /^--/)
            next
        text = text line "\n"
        line = c_string(line)
        literal[n] = literal[n] (literal[n] == "" ? "" : "\n") "        " substr(line, 1, length(line) - 1) "\\n\""
        next
    }
    line = without_comment(line)
    gsub(/\t/, " ", line)
    sub(/^ +/, "", line)
    sub(/ +$/, "", line)
    if (line == "")
        next
    if (!open_entry)
        fail("SQL before the first marker")
    note_parameters(line)
    text = text (text == "" ? "" : " ") line
}

function print_header(    i, most)
{
    print "/* Generated by sql/embed.awk. */"
    print "#ifndef ST_DB_STATEMENTS_H\n#define ST_DB_STATEMENTS_H\n"
    print "#include <stdbool.h>\n"
    print "enum stmt {"
    for (i = 0; i < n; i++)
        print "    STMT_" names[i] ","
    print "    STMT_COUNT"
    print "};\n"
    for (i = 0; i < n; i++)
        if (counts[i] > most)
            most = counts[i]
    print "enum { STMT_MAX_PARAMS = " most + 0 " };\n"
    print "struct statement {"
    print "    const char *name, *text; /* with {table} templates */"
    print "    int nparams;"
    print "    bool read_only; /* may be sent again when its outcome is unknown */"
    print "    bool may_be_stale; /* a standby may be asked */"
    print "};\n"
    print "extern const struct statement statements[];\n"
    print "#endif"
}

function print_source(    i)
{
    print "/* Generated by sql/embed.awk. */"
    print "#include \"db/statements.h\"\n"
    print "const struct statement statements[] = {"
    for (i = 0; i < n; i++) {
        print "    [STMT_" names[i] "] = {\"" names[i] "\","
        print literal[i] ","
        print "        " counts[i] ", " (read_only[i] ? "true" : "false") ", " (stale[i] ? "true" : "false") "},"
    }
    print "};"
}

function print_blocks(    i)
{
    print "/* Generated by sql/embed.awk. */"
    print "#include \"db/blocks.h\"\n"
    print "const struct sql_block sql_blocks[] = {"
    for (i = 0; i < n; i++) {
        print "    {" c_string(files[i]) ", SQL_" toupper(kinds[i]) ", " c_string(names[i]) ","
        print literal[i] ","
        print "        " counts[i] "},"
    }
    print "    {0}"
    print "};"
}

END {
    if (!failed)
        end_entry()
    if (failed)
        exit 1
    if (mode == "header")
        print_header()
    else if (mode == "source")
        print_source()
    else
        print_blocks()
}
