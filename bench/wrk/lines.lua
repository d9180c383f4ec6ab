-- SPDX-License-Identifier: Apache-2.0
-- A POST for each line of a file, the file again when it ends: lines.lua VERSION FILE. Threads take turns in it.
local bodies, at, step = {}, 0, 1
local count = 0

function setup(thread)
    thread:set("offset", count)
    count = count + 1
end

function init(args)
    for line in io.lines(args[2]) do bodies[#bodies + 1] = line end
    at = math.floor(#bodies / 4) * offset
    wrk.headers["Content-Type"] = "application/json; charset=utf-8"
    wrk.headers["cdi-version"] = args[1]
end

function request()
    at = at % #bodies + 1
    return wrk.format("POST", nil, nil, bodies[at])
end
