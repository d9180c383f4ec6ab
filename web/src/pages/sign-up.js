// SPDX-License-Identifier: Apache-2.0
import { config } from "../config.js";
import { el, link } from "../dom.js";
import { form } from "../form.js";
import { focusFirst, sayError, sayStatus, showPage } from "../frame.js";
import { loginMethods, providerButtons } from "../methods.js";
import { EmailPassword } from "../sdk.js";
import { knows } from "../text.js";
import { visitUrl } from "../visit.js";
import { formFields, leaveWhenSignedIn, outcome } from "../signing-in.js";

export async function showSignUp() {
    const description = { title: "signUp.title", lead: { key: "signUp.lead", app: config.appName } };
    showPage(description);
    sayStatus("busy");
    const [methods] = await Promise.all([loginMethods(), leaveWhenSignedIn()]);
    showPage(description,
        methods.password && form({ id: "sign-up-form", fields: fields(), submit: "signUp.submit", send }),
        providerButtons(methods),
        el("p", { class: "other" }, el("span", { text: "signUp.other" }), " ", link("link-sign-in", "signUp.toSignIn", visitUrl(""))));
    focusFirst();
    if (!methods.password && !methods.providers.length) sayError("error.noMethods");
}

export function newPasswordField(label) {
    const hint = config.passwordProfile === "nist" ? "password.hint.nist" : "password.hint.default";
    return { id: "password", label, type: "password", autocomplete: "new-password", hint };
}

function fields() {
    return [
        { id: "email", label: "field.email", type: "email", autocomplete: "username" },
        newPasswordField("field.password"),
        ...config.signUpFields.map(extraField),
    ];
}

const AUTOCOMPLETE = { name: "name", phone: "tel", organisation: "organization", company: "organization", country: "country-name" };

// Their labels are texts named after them.
function extraField({ id, optional, type }) {
    return {
        id: `field-${id}`,
        label: knows(`field.${id}`) ? `field.${id}` : { literal: id.charAt(0).toUpperCase() + id.slice(1) },
        type,
        autocomplete: AUTOCOMPLETE[id] ?? "off",
        optional,
    };
}

async function send(values) {
    return outcome(await EmailPassword.signUp({ formFields: formFields(values), shouldTryLinkingWithSessionUser: false }));
}
