//! Tests of protected resource metadata: a client discovers the authorization server from a denial.

use actix_web::web::ServiceConfig;
use actix_web::{get, post};
use auth_actix::dpop::Dpop;
use auth_actix::{Auth, Jwt, require_scope};
use auth_tests::program;
use auth_tests::server::Server;
use auth_tests::wire::{get, request};
use serde_json::{Value, json};

use super::open::TokenScope;
use super::provider::{Provider, SERVICE};

#[require_scope("read:reports")]
#[get("/v1/reports")]
async fn reports() -> &'static str {
    "reports"
}

#[require_scope("write:reports")]
#[post("/v1/reports")]
async fn write() -> &'static str {
    "written"
}

#[require_scope("hidden:scope", not_found)]
#[get("/v1/hidden")]
async fn hidden() -> &'static str {
    "hidden"
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn client_library_discovers_the_issuer_from_a_challenge() {
    // META-1, META-2, H5
    let Some(provider) = Provider::start() else { return };
    for path in ["", "/v1"] {
        let port = free_port();
        let resource = format!("http://127.0.0.1:{port}{path}");
        let jwt = Jwt::oidc(&provider.issuer).audience(&resource).access_token_profile();
        let auth = Auth::builder().bearer(jwt).dpop(Dpop::at(&resource)).resource(&resource).build().unwrap();
        let server = Server::start_at(port, move |config: &mut ServiceConfig| {
            config.service(auth.scope("").service(auth.metadata()).service(reports).service(write).service(hidden));
        });
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/provider/metadata.mjs");
        let run = program::run("node", &[script, &resource, "/v1/reports", SERVICE.1]).unwrap();
        let said: Value = serde_json::from_slice(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
        let there = format!("http://127.0.0.1:{port}/.well-known/oauth-protected-resource{path}");
        assert_eq!((&said["named"], &said["asked"]), (&json!(there), &json!(there)), "{said}");
        assert_eq!((&said["status"], &said["body"]), (&json!(200), &json!("reports")), "{said}");
        let metadata = &said["metadata"];
        assert_eq!(metadata["resource"], *resource);
        assert_eq!(metadata["authorization_servers"], json!([provider.issuer]));
        assert_eq!(metadata["scopes_supported"], json!(["read:reports", "write:reports"]), "what hides is not told of");
        assert_eq!(metadata["dpop_signing_alg_values_supported"][0], "ES256");
        let path = there.strip_prefix(&format!("http://127.0.0.1:{port}")).unwrap();
        let answer = server.send(&get(path));
        assert_eq!(answer.field("content-type"), Some("application/json"));
        assert_eq!(answer.field("access-control-allow-origin"), Some("*"));
        assert_eq!(server.send(&request("HEAD", path)).status, 200);
        for line in server.send(&get("/v1/reports")).lines("www-authenticate") {
            assert!(line.ends_with(&format!(r#"resource_metadata="{there}""#)), "{line}");
        }
    }
}
