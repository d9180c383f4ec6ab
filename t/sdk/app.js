// SPDX-License-Identifier: Apache-2.0
//
// The application of the SDK's own quick start: express with supertokens-node, cookies, e-mail and password. Its
// surroundings come from the environment: CORE_URL, CORE_API_KEY (may be empty), PORT.
"use strict";

const express = require("express");
const supertokens = require("supertokens-node");
const EmailPassword = require("supertokens-node/recipe/emailpassword");
const Session = require("supertokens-node/recipe/session");
const { middleware, errorHandler } = require("supertokens-node/framework/express");
const { verifySession } = require("supertokens-node/recipe/session/framework/express");

const { CORE_URL, CORE_API_KEY, PORT } = process.env;

supertokens.init({
    framework: "express",
    telemetry: false,
    supertokens: { connectionURI: CORE_URL, apiKey: CORE_API_KEY || undefined },
    appInfo: {
        appName: "sdk test",
        apiDomain: `http://127.0.0.1:${PORT}`,
        websiteDomain: `http://127.0.0.1:${PORT}`,
        apiBasePath: "/auth",
        websiteBasePath: "/auth",
    },
    recipeList: [EmailPassword.init(), Session.init()],
});

const app = express();
app.use(middleware());

function showSession(req, res) {
    res.json({ userId: req.session.getUserId(), handle: req.session.getHandle() });
}
app.get("/api/protected", verifySession(), showSession);
app.get("/api/checked", verifySession({ checkDatabase: true }), showSession);
app.post("/api/revoke/:handle", async (req, res) => {
    res.json({ revoked: await Session.revokeSession(req.params.handle) });
});

app.use(errorHandler());
app.use((err, req, res, _next) => {
    console.log(err);
    res.status(500).json({ error: String(err.message || err) });
});
app.listen(Number(PORT), "127.0.0.1", () => console.log("listening"));
