// A client that only has the URL of a resource. It is denied, discovers the authorization server, and retries with a token.
// node metadata.mjs RESOURCE PATH SECRET  prints one line of JSON.
import * as oauth from 'oauth4webapi';

const [resource, path, secret] = process.argv.slice(2);
const insecure = { [oauth.allowInsecureRequests]: true };
const url = new URL(path, resource);
let challenges;
try {
  await oauth.protectedResourceRequest('garbage', 'GET', url, undefined, undefined, insecure);
} catch (error) {
  challenges = error.cause;
}
const named = challenges.find(({ scheme }) => scheme === 'bearer').parameters.resource_metadata;
const response = await oauth.resourceDiscoveryRequest(new URL(resource), insecure);
const metadata = await oauth.processResourceDiscoveryResponse(new URL(resource), response);
const [issuer] = metadata.authorization_servers.map((issuer) => new URL(issuer));
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
const client = { client_id: 'service' };
const scope = metadata.scopes_supported.join(' ');
const asked = new URLSearchParams({ scope, resource: `https://api.example/?alg=ES256&aud=${encodeURIComponent(metadata.resource)}` });
const granted = await oauth.clientCredentialsGrantRequest(server, client, oauth.ClientSecretBasic(secret), asked, insecure);
const { access_token: token } = await oauth.processClientCredentialsResponse(server, client, granted);
const answer = await oauth.protectedResourceRequest(token, 'GET', url, undefined, undefined, insecure);
console.log(JSON.stringify({ named, asked: response.url, metadata, status: answer.status, body: await answer.text() }));
