-- SPDX-License-Identifier: Apache-2.0
-- The same POST again and again: post.lua VERSION BODY
function init(args)
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json; charset=utf-8"
    wrk.headers["cdi-version"] = args[1]
    wrk.body = args[2]
end
