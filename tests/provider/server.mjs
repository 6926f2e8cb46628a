// A real OpenID provider for tests. Run `npm start`. The first line of standard output is JSON with `issuer`.
// The resource (RFC 8707) selects the access token: https://api.example/?alg=ES256&ttl=60  or  ?format=opaque
// REDIRECT_URI contains the redirect URIs of the client `web`. PORT and ISSUER set the port and the issuer identifier.
// Test controls (loopback only): POST /_test/rotate[?retire=1]  POST /_test/jwks?status=503&delay=2000&body=…  GET /_test/stats
// `body` is one of BODIES below. Without parameters, the regular key set is served again.
import { createHash, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const AUDIENCE = 'https://api.example';
const SCOPES = ['read:reports', 'write:reports', 'admin'];
const USERS = {
  alice: { email: 'alice@acme.example', roles: ['admin'], org: 'acme' },
  bob: { email: 'bob@acme.example', roles: ['content-editor'], org: 'acme' },
  carol: { email: 'carol@other.example', roles: [], org: 'other' },
};
const client = (client_id, more) => ({ client_id, client_secret: `${client_id}-secret-0123456789abcdef0123456789`, ...more });
const CLIENTS = [
  client('service', { grant_types: ['client_credentials'], redirect_uris: [], response_types: [], scope: SCOPES.join(' ') }),
  client('web', { grant_types: ['authorization_code', 'refresh_token'], redirect_uris: ['http://127.0.0.1:1/cb', ...(process.env.REDIRECT_URI ?? '').split(' ').filter(Boolean)], scope: `openid offline_access ${SCOPES.join(' ')}` }),
];

let generation = 0;
function newKeys() {
  generation += 1;
  // Keys are created from PEM to avoid a deadlock: Node.js locks a key while it exports it, and needs the same lock to
  // garbage-collect the generator of the key.
  const pem = { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } };
  const generate = (kind, options) => createPrivateKey(generateKeyPairSync(kind, { ...options, ...pem }).privateKey);
  const make = (alg, kind, options) => ({
    ...generate(kind, options).export({ format: 'jwk' }), alg, use: 'sig', kid: `${alg.toLowerCase()}-${generation}`,
  });
  return [
    make('RS256', 'rsa', { modulusLength: 2048 }), make('PS256', 'rsa', { modulusLength: 2048 }),
    make('ES256', 'ec', { namedCurve: 'P-256' }), make('ES384', 'ec', { namedCurve: 'P-384' }), make('EdDSA', 'ed25519', {}), make('Ed25519', 'ed25519', {}),
  ];
}

const ALGS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'];
let keys = newKeys();
let provider;
let jwks = { status: 200, delay: 0, body: null };
const published = () => keys.map(({ d, p, q: _q, dp, dq, qi, ...pub }) => pub);
const BODIES = {
  empty: () => JSON.stringify({ keys: [] }),
  garbage: () => '<!doctype html><title>Maintenance</title>',
  enormous: () => JSON.stringify({ keys: published(), padding: 'x'.repeat(600 * 1024) }),
  many: () => JSON.stringify({ keys: Array.from({ length: 101 }, (_, n) => ({ ...published()[n % keys.length], kid: `many-${n}` })) }),
  // A secret, a private key, an encryption key and a key of an unknown type must not be used. Only the valid key verifies.
  mixed: () => JSON.stringify({ keys: [
    { kty: 'oct', k: 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA', alg: 'HS256', kid: 'secret' },
    ...keys.filter((key) => key.alg === 'ES384'), { ...published().find((key) => key.alg === 'RS256'), use: 'enc' },
    { kty: 'LWE', kid: 'of-the-future' }, null, published().find((key) => key.alg === 'ES256'),
  ] }),
};
const ttl = (_ctx, token) => token.resourceServer?.accessTokenTTL ?? 600;
const stats = { discovery: 0, jwks: 0, introspection: 0 };

function build(issuer) {
  provider = new Provider(issuer, {
    clients: CLIENTS, scopes: ['openid', 'offline_access', ...SCOPES], jwks: { keys },
    acrValues: ['urn:example:pwd', 'urn:example:mfa'], extraParams: ['auth_age'], pkce: { required: () => false },
    cookies: { keys: ['test-only'] }, ttl: { AccessToken: ttl, ClientCredentials: ttl, Session: 3600, Grant: 3600, Interaction: 600, IdToken: 600 },
    enabledJWA: { idTokenSigningAlgValues: ALGS },
    findAccount: (_ctx, sub) => USERS[sub] && { accountId: sub, claims: () => ({ sub, ...USERS[sub] }) },
    async extraTokenClaims(ctx, token) {
      if (token.kind === 'ClientCredentials') return { roles: [`svc-${token.clientId}`] };
      const source = ctx.oidc.entities.AuthorizationCode ?? ctx.oidc.entities.RefreshToken;
      return { roles: USERS[token.accountId].roles, org: USERS[token.accountId].org,
        auth_time: source?.authTime, acr: source?.acr, amr: source?.amr };
    },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false }, clientCredentials: { enabled: true }, revocation: { enabled: true }, dPoP: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true, defaultResource: () => `${AUDIENCE}/`, useGrantedResource: () => true,
        getResourceServerInfo(_ctx, indicator) {
          const query = new URL(indicator).searchParams;
          return { audience: query.get('aud') ?? AUDIENCE, scope: SCOPES.join(' '), accessTokenTTL: Number(query.get('ttl') ?? 600),
            accessTokenFormat: query.get('format') ?? 'jwt', jwt: { sign: { alg: query.get('alg') ?? 'RS256' } } };
        },
      },
    },
  });
  provider.on('server_error', (_ctx, error) => console.error(error));
}

// Login and consent in one step. login_hint signs in without a page (curl, Rust). Otherwise a form is shown (browser).
async function interact(req, res, url) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(req, res);
  if (prompt.name === 'login') {
    const user = url.searchParams.get('user') ?? params.login_hint;
    if (!USERS[user]) {
      res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      return res.end('<!doctype html><title>Sign in</title><form><label>User <input name=user autofocus></label><button>Sign in</button></form>');
    }
    const acr = (params.acr_values ?? 'urn:example:pwd').split(' ')[0];
    const ts = Math.floor(Date.now() / 1000) - Number(params.auth_age ?? 0);
    return provider.interactionFinished(req, res, { login: { accountId: user, acr, amr: acr.endsWith('mfa') ? ['pwd', 'otp'] : ['pwd'], ts } });
  }
  const grant = grantId ? await provider.Grant.find(grantId) : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const { missingOIDCScope, missingResourceScopes } = prompt.details;
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '));
  for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) grant.addResourceScope(resource, scopes.join(' '));
  return provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
}

const json = (res, status, body) => { res.writeHead(status, { 'content-type': 'application/json' }); res.end(JSON.stringify(body)); };
const server = createServer(async (req, res) => {
  const url = new URL(req.url, `http://${req.headers.host}`);
  const q = url.searchParams;
  if (url.pathname === '/_test/rotate' && req.method === 'POST') {
    const fresh = newKeys();
    keys = q.get('retire') ? fresh : [...fresh, ...keys];
    build(provider.issuer);
    return json(res, 200, { kids: keys.map((key) => key.kid) });
  }
  if (url.pathname === '/_test/jwks' && req.method === 'POST') {
    jwks = { status: Number(q.get('status') ?? 200), delay: Number(q.get('delay') ?? 0), body: q.get('body') };
    return json(res, 200, jwks);
  }
  if (url.pathname === '/_test/stats') return json(res, 200, stats);
  if (url.pathname.startsWith('/interaction/')) return interact(req, res, url).catch((error) => json(res, 400, { error: error.message }));
  if (url.pathname === '/.well-known/openid-configuration') stats.discovery += 1;
  if (url.pathname === '/token/introspection') stats.introspection += 1;
  if (url.pathname === '/jwks') {
    stats.jwks += 1;
    if (jwks.delay) await new Promise((done) => setTimeout(done, jwks.delay));
    if (jwks.status !== 200 && !q.has('again')) {
      res.writeHead(jwks.status, { location: '/jwks?again', 'content-type': 'application/json' });
      return res.end(JSON.stringify({ keys: published() }));
    }
    const body = jwks.body ? BODIES[jwks.body]() : JSON.stringify({ keys: published() });
    res.writeHead(200, { 'content-type': 'application/jwk-set+json', 'cache-control': 'max-age=60', etag: `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"` });
    return res.end(body);
  }
  return provider.callback()(req, res);
});
process.stdin.resume().on('end', () => process.exit(0)); // ends with the test that spawned it
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  const issuer = process.env.ISSUER ?? `http://127.0.0.1:${server.address().port}`;
  build(issuer);
  console.log(JSON.stringify({ issuer, audience: AUDIENCE, clients: CLIENTS.map(({ client_id, client_secret }) => ({ client_id, client_secret })) }));
});
