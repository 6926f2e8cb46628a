// A second issuer of another implementation that signs any claims. The first line of standard output is JSON with `issuer`.
// POST /_test/token {"header": {…}, "claims": {…}, "alg": "ES256"} returns a token, signed with a key of that algorithm.
// `null` in either object deletes a member. POST /_test/next {"header": {…}, "claims": {…}} changes the tokens of its own endpoints
// until the next such request.
import { createServer } from 'node:http';
import { OAuth2Server } from 'oauth2-mock-server';

const issuer = new OAuth2Server();
const kids = {};
for (const alg of ['RS256', 'ES256', 'EdDSA']) kids[alg] = (await issuer.issuer.keys.generate(alg, alg === 'EdDSA' ? { crv: 'Ed25519' } : {})).kid;
await issuer.start(0, '127.0.0.1');

const merge = (into, from) => Object.entries(from ?? {}).forEach(([name, value]) => {
  if (value === null) delete into[name];
  else into[name] = value;
});
let next = {};
issuer.service.on('beforeTokenSigning', (token) => {
  merge(token.header, next.header);
  merge(token.payload, next.claims);
});
const control = createServer(async (req, res) => {
  let body = '';
  for await (const chunk of req) body += chunk;
  if (req.url === '/_test/next') {
    next = JSON.parse(body);
    return res.end('{}');
  }
  const { header, claims, alg } = JSON.parse(body);
  const token = await issuer.issuer.buildToken({ kid: kids[alg ?? 'ES256'], scopesOrTransform: (h, c) => { merge(h, header); merge(c, claims); } });
  res.writeHead(200, { 'content-type': 'application/json' });
  res.end(JSON.stringify({ token }));
});
process.stdin.resume().on('end', () => process.exit(0));
control.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ issuer: issuer.issuer.url, control: control.address().port })));
