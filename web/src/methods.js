// SPDX-License-Identifier: Apache-2.0
//
// The ways to sign in that the server offers here.
import { config, apiOrigin } from "./config.js";
import { el } from "./dom.js";
import { sayError, sayStatus } from "./frame.js";
import { providerFailure } from "./messages.js";
import { Multitenancy, ThirdParty } from "./sdk.js";
import { rememberTarget, visit } from "./visit.js";

// { password: bool, providers: [{ id, name }] }
export async function loginMethods() {
    const { firstFactors, thirdParty } = await Multitenancy.getLoginMethods({ tenantId: visit.tenantId });
    return {
        password: firstFactors.includes("emailpassword"),
        providers: firstFactors.includes("thirdparty") ? thirdParty.providers : [],
    };
}

export function providerButtons({ password, providers }) {
    if (!providers.length) return undefined;
    return el("div", { id: "providers", class: "providers" },
        password && el("p", { class: "or", text: "providers.or" }),
        ...providers.map(providerButton));
}

function providerButton({ id, name }) {
    const shown = name || id;
    return el("button", { id: `provider-${id}`, type: "button", class: "provider", "data-provider": id, on: { click } },
        el("span", { class: "provider-icon", "aria-hidden": "true", text: { literal: shown.slice(0, 1).toUpperCase() } }),
        el("span", { text: { key: "providers.with", provider: shown } }));
}

let busy = false;
addEventListener("pageshow", (event) => {
    if (event.persisted) busy = false;
});

async function click(event) {
    if (busy) return;
    busy = true;
    sayError(undefined);
    sayStatus("busy");
    try {
        location.assign(await authorisationUrl(event.currentTarget.dataset.provider));
    } catch (error) {
        busy = false;
        sayStatus(undefined);
        sayError(providerFailure(error), true);
    }
}

async function authorisationUrl(id) {
    const url = await ThirdParty.getAuthorisationURLWithQueryParamsAndSetState({
        thirdPartyId: id,
        frontendRedirectURI: `${location.origin}${config.websiteBasePath}/callback/${id}`,
        // Apple posts its answer, to the API, which sends the browser on to us.
        ...(id.startsWith("apple") ? { redirectURIOnProviderDashboard: `${apiOrigin()}${config.apiBasePath}/callback/apple` } : {}),
        tenantId: visit.tenantId,
        shouldTryLinkingWithSessionUser: false,
    });
    rememberTarget();
    if (!/^https?:$/.test(new URL(url).protocol)) throw new Error("not an address of the web");
    return url;
}
