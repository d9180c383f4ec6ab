// SPDX-License-Identifier: Apache-2.0
//
// The official SDK, set up for this site and this visit.
import SuperTokens from "supertokens-web-js";
import EmailPassword from "supertokens-web-js/recipe/emailpassword";
import EmailVerification from "supertokens-web-js/recipe/emailverification";
import Multitenancy from "supertokens-web-js/recipe/multitenancy";
import Session from "supertokens-web-js/recipe/session";
import ThirdParty from "supertokens-web-js/recipe/thirdparty";
import { apiOrigin, config } from "./config.js";
import { currentLanguage } from "./text.js";
import { visit } from "./visit.js";

export { EmailPassword, EmailVerification, Multitenancy, Session, ThirdParty };

// Mails are in the language of the page.
function inOurLanguage(context) {
    context.requestInit.headers = { ...context.requestInit.headers, "accept-language": currentLanguage() };
    return context;
}

const MAILS = { preAPIHook: async (context) => inOurLanguage(context), override: { functions: fromVisit } };

// A mail's token is not in the address bar any more when the SDK looks for it.
function fromVisit(original) {
    return {
        ...original,
        getResetPasswordTokenFromURL: () => visit.token ?? "",
        getEmailVerificationTokenFromURL: () => visit.token ?? "",
        getTenantIdFromURL: () => visit.tenantId,
    };
}

export class StateError extends Error {}

// Whatever comes back from a provider, the state of its sign-in is used up. And what is wrong with it can be told from other
// failures.
function onceOnly(original) {
    return {
        ...original,
        verifyAndGetStateOrThrowError: async (input) => {
            sessionStorage.removeItem("supertokens-oauth-state-2"); // of the SDK
            try {
                return await original.verifyAndGetStateOrThrowError(input);
            } catch (error) {
                throw new StateError(error.message);
            }
        },
    };
}

export function startSdk() {
    SuperTokens.init({
        appInfo: {
            appName: config.appName,
            apiDomain: apiOrigin(),
            apiBasePath: config.apiBasePath,
        },
        recipeList: [
            Session.init({ tokenTransferMethod: "cookie" }),
            Multitenancy.init({ override: { functions: (original) => ({ ...original, getTenantId: () => visit.tenantId }) } }),
            EmailPassword.init(MAILS),
            EmailVerification.init(MAILS),
            ThirdParty.init({ override: { functions: onceOnly } }),
        ],
    });
}
