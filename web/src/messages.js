// SPDX-License-Identifier: Apache-2.0
//
// What the server says, as texts of the catalogues. Its field errors are constants of the interface; those that an operator
// has configured are keys of the site's own texts, or shown as they are.
const FIELD_ERRORS = {
    "Email is invalid": "error.email",
    "This email already exists. Please sign in instead.": "error.emailTaken",
    "Field is not optional": "error.required",
    "Field is invalid": "error.field",
    "Password must contain at least 8 characters, including a number": "error.passwordShortDefault",
    "Password must contain at least 8 characters": "error.passwordShort",
    "Password's length must be lesser than 100 characters": { key: "error.passwordLong", max: 99 },
    "Password must contain at most 256 characters": { key: "error.passwordLong", max: 256 },
    "Password must contain at least one alphabet": "error.passwordLetter",
    "Password must contain at least one number": "error.passwordDigit",
    "This password is one of the first that others would try. Please choose another one": "error.passwordCommon",
    "This password is easy to guess from your e-mail address or the name of this site. Please choose another one":
        "error.passwordGuess",
};

export function fieldError(message) {
    return Object.hasOwn(FIELD_ERRORS, message) ? FIELD_ERRORS[message] : { key: message };
}

// SIGN_IN_NOT_ALLOWED and the like: of the reason only the code helps, for those who are asked for support.
export function notAllowed(reason) {
    return { key: "error.notAllowed", code: /ERR_CODE_\d+/.exec(reason)?.[0] ?? "" };
}

const STATUSES = { 403: "error.refused", 429: "error.busy", 503: "error.busy" };
const PROVIDER_STATUSES = { 400: "callback.state", 502: "error.provider", 504: "error.provider" };

// What a call of the SDK threw: its general error, the answer, or that there was none.
export function failure(error) {
    if (error?.isSuperTokensGeneralError) return { literal: error.message };
    if (error instanceof Response) return STATUSES[error.status] ?? "error.server";
    if (error instanceof TypeError) return "error.offline";
    return "error.server";
}

// The same where the server has asked a provider meanwhile.
export function providerFailure(error) {
    return (error instanceof Response && PROVIDER_STATUSES[error.status]) || failure(error);
}
