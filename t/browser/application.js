// SPDX-License-Identifier: Apache-2.0
//
// An application behind nginx that believes what identity-proxy.conf says: it answers with it.
"use strict";

const http = require("node:http");

http.createServer((request, response) => {
    request.resume();
    const identity = Object.entries(request.headers).filter(([name]) => name.startsWith("x-st-"));
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({
        path: request.url,
        method: request.method,
        userId: request.headers["x-st-user-id"],
        identity: Object.fromEntries(identity),
    }));
}).listen(Number(process.env.PORT), "127.0.0.1", () => console.log("listening"));
