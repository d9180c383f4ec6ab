// SPDX-License-Identifier: Apache-2.0
//
// A page with the official packages and nothing else. What they are told comes from the scenario, as window.settings, before
// this runs; what they say is kept in window.events.
import SuperTokens from "supertokens-web-js";
import EmailPassword from "supertokens-web-js/recipe/emailpassword";
import EmailVerification, { EmailVerificationClaim } from "supertokens-web-js/recipe/emailverification";
import Multitenancy from "supertokens-web-js/recipe/multitenancy";
import Session from "supertokens-web-js/recipe/session";
import ThirdParty from "supertokens-web-js/recipe/thirdparty";
import { PermissionClaim, UserRoleClaim } from "supertokens-web-js/recipe/userroles";
import Website from "supertokens-website";

const { sdk, appInfo, session, tenantId } = window.settings;

Object.assign(window, {
    SuperTokens, EmailPassword, EmailVerification, Session, ThirdParty, Website,
    EmailVerificationClaim, PermissionClaim, UserRoleClaim,
    events: [],
});
const onHandleEvent = (event) => {
    delete event.userContext;
    window.events.push(event);
};

if (sdk === "website") {
    Website.init({ apiDomain: appInfo.apiDomain, apiBasePath: appInfo.apiBasePath, onHandleEvent, ...session });
} else {
    SuperTokens.init({
        appInfo,
        recipeList: [
            Session.init({ onHandleEvent, ...session }),
            EmailPassword.init(),
            EmailVerification.init(),
            ThirdParty.init(),
            Multitenancy.init({ override: { functions: (original) => ({ ...original, getTenantId: async () => tenantId }) } }),
        ],
    });
}
