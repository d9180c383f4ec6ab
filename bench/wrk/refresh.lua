-- SPDX-License-Identifier: Apache-2.0
-- One session a thread, refreshed with the token of the last answer: refresh.lua VERSION FILE (a refresh token a line).
-- Needs as many threads as connections.
local tokens, token, version = {}, nil, nil
local count = 0

function setup(thread)
    thread:set("offset", count)
    count = count + 1
end

function init(args)
    version = args[1]
    for line in io.lines(args[2]) do tokens[#tokens + 1] = line end
    token = tokens[offset + 1]
    wrk.headers["Content-Type"] = "application/json; charset=utf-8"
    wrk.headers["cdi-version"] = version
end

function request()
    return wrk.format("POST", nil, nil,
        '{"refreshToken":"' .. token .. '","enableAntiCsrf":false,"useDynamicSigningKey":true}')
end

function response(status, headers, body)
    local fresh = body:match('"refreshToken":{"token":"([^"]+)"')
    if fresh then token = fresh end
end
