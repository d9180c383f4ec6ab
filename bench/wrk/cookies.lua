-- SPDX-License-Identifier: Apache-2.0
-- A GET with an access token for each line of a file, the file again when it ends: cookies.lua FILE. For one thread.
local tokens, at = {}, 0

function init(args)
    for line in io.lines(args[1]) do tokens[#tokens + 1] = line end
end

function request()
    at = at % #tokens + 1
    return wrk.format("GET", nil, { Cookie = "sAccessToken=" .. tokens[at] })
end
