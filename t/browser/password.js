// SPDX-License-Identifier: Apache-2.0
//
// Signing up, in and out with e-mail and password, by supertokens-web-js.
"use strict";

const { scenario, run, SITE } = require("./harness");
const { link_to } = require("./mails");

const is_token = (name) => /^s[A-Z]/.test(name);
const PASSWORD = "analytical1843";

scenario("sign up, out and in", async (t) => {
    const person = await t.person();
    const tab = await person.tab();
    t.is(await tab.has_session(), false, "nobody is signed in");
    t.is(tab.refreshes(), ["POST 401"], "which the SDK has asked once");

    const up = await tab.sign_up("ada@example.com", PASSWORD);
    t.is(up.status, "OK", "signed up");
    t.is(up.user.emails, ["ada@example.com"], "with the e-mail");
    t.is(await tab.has_session(), true, "and is signed in");
    t.is(await tab.run(() => Session.getUserId()), up.user.id, "as that user");
    const cookies = await person.cookies();
    t.ok(cookies.sAccessToken.httpOnly && cookies.sRefreshToken.httpOnly, "with tokens that no script can read");

    await tab.page.reload();
    t.is(await tab.has_session(), true, "also after a reload");
    await tab.sign_out();
    t.is(await tab.has_session(), false, "signed out");
    t.is(Object.keys(await person.cookies()).filter(is_token), [], "no token is left");

    const back = await tab.sign_in("ada@example.com", PASSWORD);
    t.is(back.status, "OK", "signed in");
    t.is(back.user.id, up.user.id, "as the same user");
    t.is(await tab.events(), ["SIGN_OUT", "SESSION_CREATED"], "which the SDK tells");
});

scenario("a wrong password", async (t) => {
    const tab = await t.tab();
    await tab.sign_up("grace@example.com", PASSWORD);
    await tab.sign_out();
    const wrong = await tab.sign_in("grace@example.com", "compiler1952");
    t.is(wrong.status, "WRONG_CREDENTIALS_ERROR", "is refused");
    const unknown = await tab.sign_in("nobody@example.com", PASSWORD);
    t.is(unknown.status, "WRONG_CREDENTIALS_ERROR", "like an account that does not exist");
    t.is(await tab.has_session(), false, "nobody is signed in");
});

scenario("form field errors", async (t) => {
    const tab = await t.tab();
    const errors = async (email, password) => {
        const answer = await tab.sign_up(email, password);
        return [answer.status, Object.fromEntries((answer.formFields || []).map(({ id, error }) => [id, error]))];
    };
    t.is(
        await errors("no address", "short"),
        ["FIELD_ERROR", {
            email: "Email is invalid",
            password: "Password must contain at least 8 characters, including a number",
        }],
        "tell what is wrong with each field",
    );
    t.is(
        await errors("edsger@example.com", "onlyletters"),
        ["FIELD_ERROR", { password: "Password must contain at least one number" }],
        "and nothing of fields that are right",
    );
    t.is((await errors("edsger@example.com", PASSWORD))[0], "OK", "which then is accepted");
    await tab.sign_out();
    t.is(
        await errors(" Edsger@Example.com ", PASSWORD),
        ["FIELD_ERROR", { email: "This email already exists. Please sign in instead." }],
        "once",
    );
    const exists = (email) => tab.run((email) => EmailPassword.doesEmailExist({ email }), email);
    t.is((await exists("edsger@example.com")).doesExist, true, "the page can ask before whether an e-mail is taken");
    t.is((await exists("donald@example.com")).doesExist, false, "or free");
});

scenario("a forgotten password", async (t) => {
    const tab = await t.tab();
    const email = "barbara@example.com";
    await tab.sign_up(email, PASSWORD);
    await tab.sign_out();
    const asked = await tab.run(
        (email) => EmailPassword.sendPasswordResetEmail({ formFields: [{ id: "email", value: email }] }),
        email,
    );
    t.is(asked.status, "OK", "a link can be asked for");

    const link = await t.until(() => link_to(email), "the mail with the link");
    t.like(link, /^http:\/\/127\.0\.0\.1:\d+\/login\/reset-password\?token=[\w-]+&tenantId=public$/, "it comes by mail");
    const other = await t.tab({ page: `${SITE}/bare/${new URL(link).search}` });
    const submit = (password) =>
        other.run(
            (password) => EmailPassword.submitNewPassword({ formFields: [{ id: "password", value: password }] }),
            password,
        );
    t.is((await submit("short")).status, "FIELD_ERROR", "where a bad password does not use up the link");
    t.is((await submit("liskov1987")).status, "OK", "and a good one is taken");
    t.is((await submit("liskov1988")).status, "RESET_PASSWORD_INVALID_TOKEN_ERROR", "once");
    t.is((await tab.sign_in(email, PASSWORD)).status, "WRONG_CREDENTIALS_ERROR", "the old password is no more");
    t.is((await tab.sign_in(email, "liskov1987")).status, "OK", "the new one is");

    await tab.run((email) => EmailPassword.sendPasswordResetEmail({ formFields: [{ id: "email", value: email }] }),
        "nobody@example.com");
    t.is(link_to("nobody@example.com"), undefined, "nobody else gets a mail");
});

run();
