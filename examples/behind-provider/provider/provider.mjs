// An OpenID provider for trying the examples only, because it does not check passwords. Exits when its standard input ends.
// RESOURCE is the audience of its access tokens, and REDIRECT_URI the redirect URI of its client. The first line of its standard
// output is JSON with the issuer and the tokens of two clients.
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const RESOURCE = process.env.RESOURCE ?? 'https://api.example';
const REDIRECT_URI = process.env.REDIRECT_URI ?? 'http://localhost:8080/login/callback';
const SCOPES = ['read:reports', 'write:reports'];
const PEOPLE = { alice: ['admin'], bob: ['viewer'] };
const SECRET = 'a-secret-for-this-machine-only';
const program = (client_id, scope) => ({
  client_id, client_secret: SECRET, grant_types: ['client_credentials'], redirect_uris: [], response_types: [], scope,
});
// Keys are created from PEM to avoid a deadlock: Node.js locks a key while it exports it, and needs the same lock to
// garbage-collect the generator of the key.
const pem = { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } };
const generated = createPrivateKey(generateKeyPairSync('ec', { namedCurve: 'P-256', ...pem }).privateKey);
const key = { ...generated.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'examples' };

const server = createServer();
await new Promise((ready) => server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', ready));
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: [
    program('reader', 'read:reports'),
    program('writer', 'write:reports'),
    { client_id: 'web', client_secret: SECRET, redirect_uris: [REDIRECT_URI], scope: 'openid' },
  ],
  clientDefaults: { id_token_signed_response_alg: 'ES256' }, scopes: ['openid', ...SCOPES], jwks: { keys: [key] }, cookies: { keys: ['for this machine only'] },
  ttl: { AccessToken: 3600, ClientCredentials: 3600, Grant: 3600, IdToken: 600, Interaction: 600, Session: 3600 },
  claims: { openid: ['sub', 'roles', 'auth_time', 'acr'] }, conformIdTokenClaims: false,
  findAccount: (_ctx, sub) => PEOPLE[sub] && { accountId: sub, claims: () => ({ sub, roles: PEOPLE[sub] }) },
  interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
  features: {
    devInteractions: { enabled: false }, clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true, defaultResource: () => RESOURCE, useGrantedResource: () => true,
      getResourceServerInfo: () => ({ audience: RESOURCE, scope: SCOPES.join(' '), accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }),
    },
  },
});

async function interact(req, res, url) {
  const { prompt, session, params, grantId } = await provider.interactionDetails(req, res);
  const user = url.searchParams.get('user');
  if (prompt.name === 'login' && !PEOPLE[user]) {
    res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    return res.end('<!doctype html><title>Sign in</title><form><p>This provider believes you.<p><button name=user value=alice>I am alice, an administrator</button> <button name=user value=bob>I am bob</button></form>');
  }
  if (prompt.name === 'login') return provider.interactionFinished(req, res, { login: { accountId: user } });
  const grant = grantId ? await provider.Grant.find(grantId) : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope('openid');
  grant.addResourceScope(RESOURCE, SCOPES.join(' '));
  return provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
}

server.on('request', (req, res) => {
  const url = new URL(req.url, issuer);
  if (!url.pathname.startsWith('/interaction/')) return provider.callback()(req, res);
  return interact(req, res, url).catch((error) => { res.writeHead(400); res.end(error.message); });
});

async function token(client, scope) {
  const authorization = `Basic ${Buffer.from(`${client}:${SECRET}`).toString('base64')}`;
  const body = new URLSearchParams({ grant_type: 'client_credentials', resource: RESOURCE, scope });
  const answer = await fetch(`${issuer}/token`, { method: 'POST', headers: { authorization }, body });
  const { access_token, error_description } = await answer.json();
  if (!access_token) throw new Error(error_description);
  return access_token;
}
console.log(JSON.stringify({ issuer, secret: SECRET, reader: await token('reader', 'read:reports'), writer: await token('writer', 'write:reports') }));
process.stdin.resume().on('end', () => process.exit(0));
