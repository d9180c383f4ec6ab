// SPDX-License-Identifier: Apache-2.0
//
// What bench/verify.pl compares with: express that serves a file to those with a session. CORE_URL, PORT and FILE come from the
// environment; /verify answers 200 for nginx's auth_request.
"use strict";

const express = require("express");
const supertokens = require("supertokens-node");
const Session = require("supertokens-node/recipe/session");
const { errorHandler } = require("supertokens-node/framework/express");
const { verifySession } = require("supertokens-node/recipe/session/framework/express");

const { CORE_URL, PORT, FILE } = process.env;
const content = require("fs").readFileSync(FILE);
const url = `http://127.0.0.1:${PORT}`;

supertokens.init({
    framework: "express",
    telemetry: false,
    supertokens: { connectionURI: CORE_URL },
    appInfo: { appName: "bench", apiDomain: url, websiteDomain: url },
    recipeList: [Session.init()],
});

const app = express();
app.use("/static", verifySession(), express.static(require("path").dirname(FILE)));
app.get("/memory", verifySession(), (req, res) => res.type("bin").send(content)); // what it costs at least
app.get("/verify", verifySession(), (req, res) => res.set("X-User-Id", req.session.getUserId()).end());
app.use(errorHandler());
app.listen(Number(PORT), "127.0.0.1", () => console.log("listening"));
