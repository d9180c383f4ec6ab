// SPDX-License-Identifier: Apache-2.0
//
// An identity provider for tests: a process of its own with keys of its own, in plain Node without packages.
//
//     node t/provider/server.js PORT        prints "listening" on 127.0.0.1:PORT; t/lib/ST/Provider.pm starts it
//
// It serves several providers side by side, each below its name:
//
//     /google   OpenID Connect with PKCE (issuer http://127.0.0.1:PORT/google)
//     /oidc     the same, for custom providers
//     /apple    OpenID Connect; the answer comes by form_post, the client secret is an ES256 token, and the
//               name is in the form only when the user comes for the first time
//     /github   OAuth: opaque tokens, /github/user, /github/user/emails, errors of the token endpoint with 200
//
// Paths below a name: /.well-known/openid-configuration, /authorize (a page to consent: pick a user, then the
// buttons #approve and #deny), /token, /jwks, /userinfo; /github/user, /github/user/emails,
// /github/applications/ID/token; /oidc/users/@me and /oidc/oauth2/@me in the form of Discord;
// /facebook/me, /facebook/debug_token.
//
// Clients: client-web with the secret secret-web; client-public without a secret, which must use PKCE;
// com.example.web at /apple, whose keyId, teamId and privateKey GET /control/apple gives.
// Users: alice (verified address), bob (not verified), carol (no address).
//
// Knobs, by JSON that is posted:
//
//     /control/user      {"name": "alice", "email": "new@example.com", ...}   changes or adds a user
//     /control/client    {"id": "client-x", "secret": "x"} or {"id": "x", "public": true}   another client
//     /control/fault     {"at": "token", "how": "500", "times": 1}            the next requests at an endpoint
//                        at: discovery jwks token userinfo user emails application
//                        how: a status; slow (with "ms"); hold (until /control/release); garbage, html, array, text, huge,
//                        empty, cut, redirect
//                        times: how often (1); 0: until further notice
//     /control/id-token  {"claims": {"aud": "x", "exp": null}, "expires_in": -100, "tamper": "signature"|"payload",
//                         "alg": "none"|"HS256", "kid": "x", "omit": true}    the id tokens from now on; {} as usual
//     /control/discovery {"issuer": "x", "jwks_uri": null}                    laid over the OpenID configuration
//     /control/rotate    {"alg": "RS256"|"PS256"|"ES256"|"EdDSA", "keep": true}   a new key; keep: the old ones stay
//     /control/release   {}                                                   what holds goes on
//     /control/reset     {}                                                   all of this as in the beginning
//     /control/log       GET: [{"at", "method", "headers", "params"}] of the endpoints since the last time
'use strict';

const crypto = require('crypto');
const http = require('http');

const port = Number(process.argv[2]);
const origin = `http://127.0.0.1:${port}`;

// ---- what is known ----

const apple = { client: 'com.example.web', keyId: 'KEY1234567', teamId: 'TEAM123456' };
Object.assign(apple, crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }));

let clients;
const firstClients = {
  'client-web': { secret: 'secret-web' },
  'client-public': { public: true },
  [apple.client]: { apple: true },
};

let state;
function reset() {
  clients = { ...firstClients };
  state = {
    users: {
      alice: { sub: '1001', email: 'alice@example.com', email_verified: true, name: 'Alice Example' },
      bob: { sub: '1002', email: 'bob@example.com', email_verified: false, name: 'Bob Example' },
      carol: { sub: '1003', name: 'Carol Example' },
    },
    faults: [],
    held: [],
    idToken: {},
    discovery: {},
    keys: [firstKey],
    codes: new Map(),
    tokens: new Map(),
    known: new Set(), // "client user" pairs that Apple has seen
    log: [],
  };
}

// ---- keys and tokens ----

const algorithms = {
  RS256: { make: () => crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }), digest: 'sha256' },
  PS256: {
    make: () => crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }),
    digest: 'sha256',
    options: { padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: crypto.constants.RSA_PSS_SALTLEN_DIGEST },
  },
  ES256: {
    make: () => crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    digest: 'sha256',
    options: { dsaEncoding: 'ieee-p1363' },
  },
  EdDSA: { make: () => crypto.generateKeyPairSync('ed25519'), digest: null },
};

const newKey = (alg) => ({ alg, kid: crypto.randomBytes(8).toString('hex'), ...algorithms[alg].make() });
const firstKey = newKey('RS256');

function rotate({ alg = 'RS256', keep = false }) {
  const key = newKey(alg);
  state.keys = keep ? [key, ...state.keys] : [key];
  return key.kid;
}

const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const random = () => crypto.randomBytes(24).toString('base64url');

function sign(header, claims, key) {
  const text = `${encode(header)}.${encode(claims)}`;
  if (header.alg === 'none') return `${text}.AA`;
  if (header.alg === 'HS256') {
    // With what anybody can read as the secret.
    const secret = key.publicKey.export({ type: 'spki', format: 'pem' });
    return `${text}.${crypto.createHmac('sha256', secret).update(text).digest('base64url')}`;
  }
  const { digest, options } = algorithms[key.alg];
  return `${text}.${crypto.sign(digest, Buffer.from(text), { key: key.privateKey, ...options }).toString('base64url')}`;
}

function idToken(realm, client, user) {
  const knob = state.idToken;
  const key = state.keys[0];
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: `${origin}/${realm}`, aud: client, sub: user.sub, iat: now, exp: now + (knob.expires_in ?? 600) };
  for (const name of ['email', 'email_verified', 'hd', ...(realm === 'apple' ? [] : ['name'])])
    if (user[name] !== undefined) claims[name] = user[name];
  for (const [name, value] of Object.entries(knob.claims ?? {}))
    if (value === null) delete claims[name];
    else claims[name] = value;
  let token = sign({ alg: knob.alg ?? key.alg, kid: knob.kid ?? key.kid, typ: 'JWT' }, claims, key);
  if (knob.tamper === 'signature') token = token.replace(/(?<=\.)[^.](?=[^.]*$)/, (c) => (c === 'A' ? 'B' : 'A'));
  if (knob.tamper === 'payload') {
    const [header, , signature] = token.split('.');
    token = [header, encode({ ...claims, sub: '1', email: 'admin@example.com', email_verified: true }), signature].join('.');
  }
  return token;
}

// The client secret of Apple: whether it is a token of the registered key.
function isAppleSecret(secret) {
  try {
    const [header, payload, signature] = secret.split('.');
    const [h, p] = [header, payload].map((part) => JSON.parse(Buffer.from(part, 'base64url')));
    const now = Date.now() / 1000;
    const good = crypto.verify('sha256', Buffer.from(`${header}.${payload}`),
      { key: apple.publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
    return good && h.alg === 'ES256' && h.kid === apple.keyId && p.iss === apple.teamId && p.sub === apple.client &&
      p.aud === 'https://appleid.apple.com' && p.iat <= now && p.exp > now && p.exp <= now + 15777000;
  } catch {
    return false;
  }
}

// ---- answers ----

const json = (res, status, value, headers = {}) => {
  res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers });
  res.end(JSON.stringify(value));
};
const html = (res, status, text) => {
  res.writeHead(status, { 'content-type': 'text/html; charset=utf-8' });
  res.end(`<!doctype html><meta charset="utf-8"><title>Test provider</title>${text}`);
};
const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const fields = (values) =>
  Object.entries(values).map(([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`).join('');

// Misbehaves when that was asked for. True: it has answered.
async function misbehave(at, res) {
  const fault = state.faults.find((f) => f.at === at && f.left !== 0);
  if (!fault) return false;
  fault.left -= 1;
  const how = String(fault.how);
  if (how === 'slow') {
    await new Promise((done) => setTimeout(done, fault.ms));
    return false;
  }
  if (how === 'hold') {
    await new Promise((done) => state.held.push(done));
    return false;
  }
  if (/^\d+$/.test(how)) json(res, Number(how), { error: fault.error ?? 'test_error' });
  else if (how === 'garbage') res.writeHead(200, { 'content-type': 'application/json' }).end('{"access_token": ');
  else if (how === 'html') html(res, 200, '<h1>Not what you asked for</h1>');
  else if (how === 'array') json(res, 200, [1, 2, 3]);
  else if (how === 'text') json(res, 200, 'a string');
  else if (how === 'empty') res.writeHead(200).end();
  else if (how === 'huge') json(res, 200, { huge: 'x'.repeat(5 << 20) });
  else if (how === 'redirect') res.writeHead(302, { location: `${origin}/control/log` }).end();
  else res.writeHead(200, { 'content-length': 1000 }).write('{"cut":', () => res.destroy());
  return true;
}

// ---- the user's side ----

function authorize(realm, res, params) {
  const client = clients[params.client_id];
  if (!client || !params.redirect_uri) return html(res, 400, '<h1 id="error">Unknown client</h1>');
  if (params.response_type !== 'code' || (client.public && !params.code_challenge))
    return sendBack(realm, res, params, { error: 'invalid_request' });
  if (realm === 'apple' && /\b(name|email)\b/.test(params.scope ?? '') && params.response_mode !== 'form_post')
    return sendBack(realm, res, params, { error: 'invalid_request' });
  const users = Object.keys(state.users).map((name) => `<option>${escape(name)}</option>`).join('');
  return html(res, 200, `<h1>Sign in to ${escape(params.client_id)}</h1>
    <form method="post" action="/${realm}/decision">${fields(params)}
    <label>User <select name="user" id="user">${users}</select></label>
    <p>It will know: ${escape(params.scope ?? 'nothing')}</p>
    <button id="approve" name="decision" value="approve">Approve</button>
    <button id="deny" name="decision" value="deny">Deny</button></form>`);
}

function sendBack(realm, res, params, answer) {
  const values = { ...answer, ...(params.state === undefined ? {} : { state: params.state }) };
  if (params.response_mode === 'form_post')
    return html(res, 200, `<form method="post" action="${escape(params.redirect_uri)}">${fields(values)}
      <noscript><button>Go on</button></noscript></form><script>document.forms[0].submit()</script>`);
  const url = new URL(params.redirect_uri);
  for (const [name, value] of Object.entries(values)) url.searchParams.set(name, value);
  res.writeHead(302, { location: url.toString() }).end();
  return undefined;
}

function decide(realm, res, params) {
  const user = state.users[params.user];
  if (params.decision !== 'approve' || !user)
    return sendBack(realm, res, params, { error: realm === 'apple' ? 'user_cancelled_authorize' : 'access_denied' });
  const code = random();
  state.codes.set(code, { realm, user: params.user, ...params });
  const answer = { code };
  const pair = `${params.client_id} ${params.user}`;
  if (realm === 'apple' && !state.known.has(pair)) {
    const [firstName, lastName] = user.name.split(' ');
    answer.user = JSON.stringify({ name: { firstName, lastName }, email: user.email });
    state.known.add(pair);
  }
  return sendBack(realm, res, params, answer);
}

// ---- the client's side ----

function credentials(req, params) {
  const [kind, text] = (req.headers.authorization ?? '').split(' ');
  if (kind !== 'Basic') return [params.client_id, params.client_secret];
  const decoded = Buffer.from(text, 'base64').toString();
  return [decoded.slice(0, decoded.indexOf(':')), decoded.slice(decoded.indexOf(':') + 1)];
}

function isClient(id, secret) {
  const client = clients[id];
  if (!client) return false;
  if (client.apple) return isAppleSecret(secret);
  return client.public ? secret === undefined : secret === client.secret;
}

function fitsChallenge(grant, verifier) {
  if (!grant.code_challenge) return verifier === undefined;
  return verifier !== undefined && crypto.createHash('sha256').update(verifier).digest('base64url') === grant.code_challenge;
}

function token(realm, req, res, params) {
  const github = realm === 'github';
  const refuse = (status, error) => json(res, github ? 200 : status, { error, error_description: `${error} at the test provider` });
  const [id, secret] = credentials(req, params);
  if (!isClient(id, secret)) return refuse(401, github ? 'incorrect_client_credentials' : 'invalid_client');
  const grant = state.codes.get(params.code);
  state.codes.delete(params.code); // good once
  if (params.grant_type !== 'authorization_code' || !grant || grant.realm !== realm || grant.client_id !== id ||
      grant.redirect_uri !== params.redirect_uri || !fitsChallenge(grant, params.code_verifier))
    return refuse(400, github ? 'bad_verification_code' : 'invalid_grant');
  const access = (github ? 'gho_' : '') + random();
  state.tokens.set(access, { realm, client: id, user: grant.user });
  const answer = { access_token: access, token_type: 'Bearer', scope: grant.scope };
  if (!github) answer.expires_in = 600;
  if (!github && realm !== 'facebook' && !state.idToken.omit) answer.id_token = idToken(realm, id, state.users[grant.user]);
  return json(res, 200, answer);
}

function userOf(realm, req, res) {
  const [kind, access] = (req.headers.authorization ?? '').split(' ');
  const found = kind === 'Bearer' ? state.tokens.get(access) : undefined;
  if (found?.realm === realm) return state.users[found.user];
  json(res, 401, { error: 'invalid_token' });
  return undefined;
}

function userinfo(realm, req, res) {
  const user = userOf(realm, req, res);
  if (user) json(res, 200, user);
}

function githubUser(realm, req, res) {
  if (!req.headers['user-agent']) return json(res, 403, { message: 'Request forbidden by administrative rules' });
  const user = userOf(realm, req, res);
  return user && json(res, 200, { id: Number(user.sub), login: user.name.split(' ')[0].toLowerCase(), email: null });
}

function githubEmails(realm, req, res) {
  const user = userOf(realm, req, res);
  const other = { email: 'other@example.com', primary: false, verified: true, visibility: null };
  const primary = { email: user?.email, primary: true, verified: user?.email_verified, visibility: 'private' };
  return user && json(res, 200, user.email ? [other, primary] : [other]);
}

function githubApplication(realm, req, res, params) {
  const [id, secret] = credentials(req, {});
  const found = state.tokens.get(params.access_token);
  if (!isClient(id, secret) || !req.url.includes(`/applications/${id}/`)) return json(res, 404, { message: 'Not Found' });
  if (found?.client !== id) return json(res, 404, { message: 'Not Found' });
  return json(res, 200, { app: { client_id: id }, user: { login: found.user } });
}

function discordUser(realm, req, res) {
  const user = userOf(realm, req, res);
  if (user) json(res, 200, { id: user.sub, email: user.email, verified: user.email_verified });
}

function discordApplication(realm, req, res) {
  const [, access] = (req.headers.authorization ?? '').split(' ');
  if (userOf(realm, req, res)) json(res, 200, { application: { id: state.tokens.get(access).client }, scopes: ['identify'] });
}

// Facebook: the access token goes into the query, and the answer has the fields that are asked for.
function facebookUser(realm, req, res, params) {
  const found = state.tokens.get(params.access_token);
  const user = found?.realm === realm ? state.users[found.user] : undefined;
  const bad = { message: 'Invalid OAuth access token.', type: 'OAuthException', code: 190 };
  if (!user) return json(res, 400, { error: bad });
  const all = { id: user.sub, email: user.email, first_name: user.name.split(' ')[0], name: user.name };
  return json(res, 200, Object.fromEntries((params.fields ?? 'id,name').split(',').filter((f) => all[f]).map((f) => [f, all[f]])));
}

function facebookToken(realm, req, res, params) {
  const bad = { message: 'Invalid OAuth access token signature.', type: 'OAuthException', code: 190 };
  if (!isClient(...(params.access_token ?? '').split('|'))) return json(res, 400, { error: bad });
  const found = state.tokens.get(params.input_token);
  if (found?.realm !== realm) return json(res, 200, { data: { error: bad, is_valid: false, scopes: [] } });
  return json(res, 200, { data: { app_id: found.client, type: 'USER', is_valid: true, user_id: state.users[found.user].sub } });
}

function discovery(realm, req, res) {
  const base = `${origin}/${realm}`;
  const document = {
    issuer: base, authorization_endpoint: `${base}/authorize`, token_endpoint: `${base}/token`, jwks_uri: `${base}/jwks`,
    userinfo_endpoint: `${base}/userinfo`, response_types_supported: ['code'], subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: Object.keys(algorithms), code_challenge_methods_supported: ['plain', 'S256'],
    ...state.discovery,
  };
  if (realm === 'apple') { delete document.userinfo_endpoint; delete document.code_challenge_methods_supported; }
  for (const name of Object.keys(document)) if (document[name] === null) delete document[name];
  json(res, 200, document);
}

function jwks(realm, req, res) {
  json(res, 200, {
    keys: state.keys.map((k) => ({ ...k.publicKey.export({ format: 'jwk' }), kid: k.kid, alg: k.alg, use: 'sig' })),
  });
}

// ---- knobs ----

const control = {
  user: ({ name, ...change }) => {
    const user = { ...state.users[name], ...change };
    for (const key of Object.keys(user)) if (user[key] === null) delete user[key];
    state.users[name] = user;
  },
  client: ({ id, ...client }) => { clients[id] = client; },
  fault: ({ times = 1, ...fault }) => { state.faults.push({ ...fault, left: times || -1 }); },
  'id-token': (knob) => { state.idToken = knob; },
  discovery: (overlay) => { state.discovery = overlay; },
  rotate: (options) => ({ kid: rotate(options) }),
  release: () => { for (const go_on of state.held.splice(0)) go_on(); },
  reset: () => reset(),
  log: () => state.log.splice(0),
  apple: () => ({ ...apple, publicKey: undefined, privateKey: apple.privateKey.export({ type: 'pkcs8', format: 'pem' }) }),
};

// ---- routing ----

// Below the name of a provider: method and path, the name of the endpoint, who serves it.
const routes = [
  ['GET', '/.well-known/openid-configuration', 'discovery', discovery],
  ['GET', '/jwks', 'jwks', jwks],
  ['POST', '/token', 'token', token],
  ['POST', '/login/oauth/access_token', 'token', token],
  ['GET', '/userinfo', 'userinfo', userinfo],
  ['GET', '/user', 'user', githubUser],
  ['GET', '/user/emails', 'emails', githubEmails],
  ['GET', '/users/@me', 'user', discordUser],
  ['GET', '/oauth2/@me', 'application', discordApplication],
  ['GET', '/me', 'user', facebookUser],
  ['GET', '/debug_token', 'application', facebookToken],
  ['POST', /^\/applications\/[^/]+\/token$/, 'application', githubApplication],
  ['GET', '/authorize', null, (realm, req, res, params) => authorize(realm, res, params)],
  ['GET', '/login/oauth/authorize', null, (realm, req, res, params) => authorize(realm, res, params)],
  ['POST', '/decision', null, (realm, req, res, params) => decide(realm, res, params)],
];

async function read(req) {
  const parts = [];
  for await (const part of req) parts.push(part);
  const body = Buffer.concat(parts).toString();
  if ((req.headers['content-type'] ?? '').startsWith('application/json')) return body ? JSON.parse(body) : {};
  return Object.fromEntries(new URLSearchParams(body));
}

async function serve(req, res) {
  const url = new URL(req.url, origin);
  const params = { ...Object.fromEntries(url.searchParams), ...(await read(req)) };
  const [, realm, path] = /^\/([a-z]+)(\/.*)$/.exec(url.pathname) ?? [];
  if (realm === 'control') {
    const knob = control[path.slice(1)];
    return knob ? json(res, 200, knob(params) ?? {}) : json(res, 404, { error: 'no such knob' });
  }
  const route = ['google', 'oidc', 'apple', 'github', 'facebook'].includes(realm) &&
    routes.find(([method, at]) => method === req.method && (at instanceof RegExp ? at.test(path) : at === path));
  if (!route) return json(res, 404, { error: 'not found' });
  const [, , name, handler] = route;
  if (name) state.log.push({ at: name, method: req.method, headers: req.headers, params });
  if (name && (await misbehave(name, res))) return undefined;
  return handler(realm, req, res, params);
}

reset();
process.on('SIGTERM', () => process.exit(0));
// A connection that is kept is not closed from here: its client would ask in vain, or twice.
http.createServer({ keepAliveTimeout: 0 }, (req, res) => {
  serve(req, res).catch((error) => {
    console.error(error);
    if (!res.headersSent) json(res, 500, { error: 'server_error' });
  });
}).listen(port, '127.0.0.1', () => console.log('listening'));
