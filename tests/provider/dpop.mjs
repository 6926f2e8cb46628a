// A client with an OAuth library. It obtains a token that is bound to its key, and calls the API with it.
// node dpop.mjs ISSUER SECRET URL SCOPE  prints one line of JSON for each call, with the result of the library.
import * as client from 'openid-client';
import * as oauth from 'oauth4webapi';

const [issuer, secret, url] = process.argv.slice(2);
const options = { execute: [client.allowInsecureRequests] };
const config = await client.discovery(new URL(issuer), 'service', secret, client.ClientSecretBasic(secret), options);
const keys = await client.randomDPoPKeyPair('ES256');
const handle = client.getDPoPHandle(config, keys);
const parameters = { scope: 'read:reports', resource: 'https://api.example/?alg=ES256' };
const tokens = await client.clientCredentialsGrant(config, parameters, { DPoP: handle });

const say = (what, value) => console.log(JSON.stringify({ what, ...value }));
async function call(what, how) {
  try {
    const response = await how();
    say(what, { status: response.status, body: await response.text() });
  } catch (error) {
    const challenges = Array.isArray(error.cause) ? error.cause : undefined;
    say(what, { status: error.status ?? error.response?.status, challenges, nonce: error.response?.headers.get('dpop-nonce') });
  }
}
const insecure = { [oauth.allowInsecureRequests]: true };
const bare = (token) => oauth.protectedResourceRequest(token, 'GET', new URL(url), undefined, undefined, insecure);
// The handle of the library retries with the nonce of the response.
const bound = (handle) => client.fetchProtectedResource(config, tokens.access_token, new URL(url), 'GET', undefined, undefined, { DPoP: handle });

say('token', { type: tokens.token_type });
await call('bound', () => bound(handle));
await call('bound again', () => bound(handle));
await call('as bearer', () => bare(tokens.access_token));
await call('with the key of another', async () => bound(client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))));
await call('no token', async () => {
  const response = await fetch(url);
  say('plain', { status: response.status });
  return bare('garbage');
});
