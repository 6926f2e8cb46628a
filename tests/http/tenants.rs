//! Tests of issuers that belong to a tenant.

use std::sync::{Arc, Mutex};

use auth_actix::jwt::{IssuerResolver, IssuersUnavailable, Resolved};
use auth_actix::{Auth, BoxFuture, Confers, Jwt, Tenant};
use auth_tests::server::Server;
use auth_tests::token::{AUDIENCE, ISSUER, SECRET, token_of};
use auth_tests::wire::get as ask;
use serde_json::{Value, json};

use crate::jwt;
use crate::memberships::{serve, serve_with};

/// A resolver with an issuer per tenant. All of them share the keys of one registered issuer.
struct Tenants(Arc<Mutex<Vec<String>>>);

impl IssuerResolver for Tenants {
    fn resolve<'a>(&'a self, issuer: &'a str) -> BoxFuture<'a, Result<Option<Resolved>, IssuersUnavailable>> {
        Box::pin(async move {
            self.0.lock().unwrap().push(issuer.to_owned());
            match issuer.strip_prefix(ISSUER) {
                Some("/acme") => Ok(Some(Resolved::to(ISSUER).of_tenant(Tenant::of("org", "acme")))),
                Some("/all") => Ok(Some(Resolved::to(ISSUER))),
                Some("/nobody") => Ok(Some(Resolved::to("https://registered.nowhere"))),
                Some("/away") => Err(IssuersUnavailable),
                Some("/panics") => panic!("as resolvers do"),
                _ => Ok(None),
            }
        })
    }
}

#[test]
fn tenant_issuer_confers_roles_only_in_its_tenant() {
    // C2, C3, H9
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let server = serve(Auth::builder().bearer(jwt()).issuers_from(Tenants(Arc::clone(&asked))));
    let token = |issuer: &str, secret: &[u8]| {
        format!("Bearer {}", token_of(&format!("{ISSUER}{issuer}"), secret, json!({ "roles": ["owner"] })))
    };
    let status = |path: &str, token: &str| server.send(&ask(&format!("/orgs{path}")).authorization(token)).status;
    let acme = token("/acme", &SECRET);
    #[rustfmt::skip]
    let table = [
        ("/acme/board",  &acme,                        200),
        ("/other/board", &acme,                        403),
        ("/everywhere",  &acme,                        403),
        ("/everywhere",  &token("", &SECRET),          200),
        ("/acme/board",  &token("", &SECRET),          403),
        ("/everywhere",  &token("/all", &SECRET),      200),
        ("/everywhere",  &token("/acme", &[9; 32]),    401),
        ("/everywhere",  &token("/nobody", &SECRET),   401),
        ("/everywhere",  &token("/unknown", &SECRET),  401),
        ("/everywhere",  &token("/away", &SECRET),     503),
        ("/everywhere",  &token("/panics", &SECRET),   503), // LOG-6
    ];
    for (path, token, expected) in table {
        assert_eq!(status(path, token), expected, "{path} {token}");
    }
    let shown = server.send(&ask("/orgs/acme/board").authorization(&acme));
    assert_eq!(shown.text(), "acme true false");
    for _ in 0..3 {
        assert_eq!(status("/everywhere", &token("/unknown", &SECRET)), 401);
    }
    let mut asked = std::mem::take(&mut *asked.lock().unwrap());
    asked.sort();
    let names = ["/acme", "/all", "/away", "/nobody", "/panics", "/unknown"].map(|name| format!("{ISSUER}{name}"));
    assert_eq!(asked, names, "each once, known or not");
    // With static configuration: the issuer of a partner belongs to one tenant.
    let partner = Jwt::hs256([8; 32])
        .issuer("https://partner.example")
        .audience(AUDIENCE)
        .tenant("org", "acme")
        .confers(Confers::everything());
    let server = serve_with(Auth::builder().bearer(jwt().confers(Confers::everything())).bearer(partner), false);
    let theirs = format!("Bearer {}", token_of("https://partner.example", &[8; 32], json!({ "roles": ["owner"] })));
    let status = |path: &str| server.send(&ask(&format!("/orgs{path}")).authorization(&theirs)).status;
    assert_eq!([status("/acme/board"), status("/other/board"), status("/everywhere")], [200, 403, 403]);
}

/// Names of claims in which providers put a tenant or an organization.
const TENANT_CLAIMS: [&str; 12] = [
    "tenant",
    "tenants",
    "tenant_id",
    "tenantid",
    "tid",
    "org",
    "orgs",
    "org_id",
    "org_name",
    "organization",
    "https://id.example/tenant",
    "urn:zitadel:iam:org:id",
];

/// Tests that the tenant of an issuer is only the one of its settings or of its resolver, whatever its tokens claim (P28).
#[test]
fn token_claims_never_bind_an_issuer_to_a_tenant() {
    const PARTNER: &str = "https://partner.example";
    let statuses = |server: &Server, issuer: &str, secret: &[u8], tenant: &Value| {
        let mut claims = json!({
            "roles": ["owner"], "groups": ["owner"], "realm_access": { "roles": ["owner"] }, "shop/roles": ["owner"], "cid": "shop", "azp": "shop",
        });
        for name in TENANT_CLAIMS {
            claims[name] = tenant.clone();
        }
        let token = format!("Bearer {}", token_of(issuer, secret, claims));
        ["/everywhere", "/acme/board", "/other/board"]
            .map(|path| server.send(&ask(&format!("/orgs{path}")).authorization(&token)).status)
    };
    let tenants = ["acme", "other"];
    let shapes = tenants.iter().flat_map(|tenant| {
        [json!(tenant), json!([tenant]), json!({ *tenant: {} }), json!({ "id": tenant, "name": tenant })]
    });
    let shapes: Vec<_> = shapes.collect();
    let partner =
        Jwt::hs256([8; 32]).issuer(PARTNER).audience(AUDIENCE).tenant("org", "acme").confers(Confers::everything());
    let ours = jwt().confers(Confers::everything());
    let builder = Auth::builder().bearer(ours).bearer(partner).issuers_from(Tenants(Arc::default()));
    let server = serve_with(builder, false);
    let (anywhere, in_acme) = ([200, 403, 403], [403, 200, 403]);
    for shape in &shapes {
        for (issuer, expected) in [("", anywhere), ("/all", anywhere), ("/acme", in_acme)] {
            let found = statuses(&server, &format!("{ISSUER}{issuer}"), &SECRET, shape);
            assert_eq!(found, expected, "{ISSUER}{issuer}: {shape}");
        }
        assert_eq!(statuses(&server, PARTNER, &[8; 32], shape), in_acme, "{PARTNER}: {shape}");
    }
    let presets: [fn(Jwt) -> Jwt; 4] = [Jwt::entra, Jwt::okta, |jwt| jwt.keycloak("shop"), |jwt| jwt.auth0("shop/")];
    for (number, preset) in presets.into_iter().enumerate() {
        let server = serve(Auth::builder().bearer(preset(jwt())).issuers_from(Tenants(Arc::default())));
        for shape in &shapes {
            assert_eq!(statuses(&server, ISSUER, &SECRET, shape), anywhere, "preset {number}: {shape}");
        }
    }
}
