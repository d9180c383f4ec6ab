// SPDX-License-Identifier: Apache-2.0
import { config } from "../config.js";
import { el, link } from "../dom.js";
import { form } from "../form.js";
import { focusFirst, sayError, sayStatus, showPage } from "../frame.js";
import { loginMethods, providerButtons } from "../methods.js";
import { EmailPassword } from "../sdk.js";
import { formFields, leaveWhenSignedIn, outcome } from "../signing-in.js";
import { visit, visitUrl } from "../visit.js";

// What others ask for by our address; the official pages know the first.
const SHOW = { signup: "sign-up", account: "account" };

export async function showSignIn() {
    if (Object.hasOwn(SHOW, visit.show)) return location.replace(visitUrl(SHOW[visit.show]));
    const description = { title: "signIn.title", lead: { key: "signIn.lead", app: config.appName } };
    showPage(description);
    sayStatus("busy");
    const [methods] = await Promise.all([loginMethods(), leaveWhenSignedIn()]);
    showPage(description,
        methods.password && form({ id: "sign-in-form", fields: FIELDS, submit: "signIn.submit", send }),
        methods.password && el("p", { class: "aside" }, link("link-forgot-password", "signIn.forgot", visitUrl("forgot-password"))),
        providerButtons(methods),
        methods.password && el("p", { class: "other" },
            el("span", { text: "signIn.other" }), " ", link("link-sign-up", "signIn.toSignUp", visitUrl("sign-up"))));
    focusFirst();
    if (!methods.password && !methods.providers.length) sayError("error.noMethods");
    return undefined;
}

const FIELDS = [
    { id: "email", label: "field.email", type: "email", autocomplete: "username" },
    { id: "password", label: "field.password", type: "password", autocomplete: "current-password" },
];

async function send(values) {
    const answer = await EmailPassword.signIn({ formFields: formFields(values), shouldTryLinkingWithSessionUser: false });
    if (answer.status === "WRONG_CREDENTIALS_ERROR") return { error: "error.credentials", focus: "password" };
    return outcome(answer);
}
