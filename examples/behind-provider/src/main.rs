//! An API that accepts access tokens of an OpenID provider.
//!
//! Copy this if a provider authenticates your users, for example Keycloak, Entra ID, Auth0, Okta, or your own. `ISSUER` is the
//! provider's issuer identifier, as in the `iss` claim of its tokens. `RESOURCE` is the identifier of this API, as in the `aud`
//! claim.
//!
//! Run it with `cargo run -p behind-provider`. Without `ISSUER`, it also starts a provider to try it with (requires Node.js and
//! npm) and prints `curl` commands. `PORT` is the port to listen on (8080 by default).
//!
//! Discovery and keys are fetched when the first token arrives. The tests below need no provider, because they replace its keys
//! with their own.

use std::io::IsTerminal as _;

use actix_web::{App, HttpServer, Responder, get, post};
use auth_actix::{Auth, AuthBuilder, Jwt, Principal, public, require_scope};

#[derive(auth_actix::TokenScope)]
enum TokenScope {
    #[token_scope("read:reports")]
    ReadReports,
    #[token_scope("write:reports")]
    WriteReports,
}

#[public]
#[get("/health")]
async fn health() -> impl Responder {
    "up\n"
}

#[require_scope("read:reports")]
#[get("/reports")]
async fn reports(caller: Principal) -> impl Responder {
    format!("the reports, for {}\n", caller.id())
}

#[require_scope("write:reports")]
#[post("/reports")]
async fn publish() -> impl Responder {
    "published\n"
}

/// Accepts the default access tokens of Keycloak and Auth0, which have scopes in `scope`, and of Entra ID and Okta, which have them
/// in `scp`. For roles, add `.keycloak("client")`, `.auth0("https://app.example/")`, `.entra()` or `.okta()`. If the provider
/// follows RFC 9068, add `.access_token_profile()`: no other kind of token is then accepted as an access token.
fn settings(issuer: &str, resource: &str) -> AuthBuilder {
    let tokens = Jwt::oidc(issuer).audience(resource).scopes_at(["/scope", "/scp"]);
    Auth::builder().realm("reports").bearer(tokens).resource(resource)
}

fn api(auth: &Auth) -> impl actix_web::dev::HttpServiceFactory + use<> {
    auth.scope("").service(auth.metadata()).service(health).service(reports).service(publish)
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into());
    let colors = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colors).with_writer(std::io::stderr).init();
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let url = format!("http://127.0.0.1:{port}");
    let resource = std::env::var("RESOURCE").unwrap_or_else(|_| url.clone());
    let (issuer, _provider) = match std::env::var("ISSUER") {
        Ok(issuer) => (issuer, None),
        Err(_) => {
            let provider = provider::start(&resource)?;
            provider::print_commands(&url, &provider);
            (provider.issuer(), Some(provider))
        }
    };
    let auth = settings(&issuer, &resource).build()?;
    HttpServer::new(move || App::new().service(api(&auth))).workers(2).bind(("127.0.0.1", port))?.run().await
}

/// A provider for trying the example. Applications do not need this module.
mod provider {
    use std::io::{BufRead as _, BufReader, Error, Result};
    use std::process::{Child, Command, Stdio};

    use serde_json::Value;

    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/provider");

    /// A child process that is killed on drop.
    pub(super) struct Provider {
        child: Child,
        said: Value,
    }

    pub(super) fn start(resource: &str) -> Result<Provider> {
        let node = |error| Error::other(format!("the example provider requires Node.js and npm: {error}"));
        if !std::path::Path::new(FOLDER).join("node_modules").exists() {
            let install = ["install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"];
            Command::new("npm").args(install).current_dir(FOLDER).status().map_err(node)?;
        }
        let mut command = Command::new("node");
        command.arg("provider.mjs").current_dir(FOLDER).env("RESOURCE", resource).env_remove("PORT");
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(node)?;
        let mut line = String::new();
        let said = child.stdout.take().map(BufReader::new);
        said.ok_or_else(|| node(Error::other("it printed nothing")))?.read_line(&mut line)?;
        Ok(Provider { said: serde_json::from_str(&line)?, child })
    }

    impl Provider {
        fn said(&self, name: &str) -> &str {
            self.said.get(name).and_then(Value::as_str).unwrap_or_default()
        }

        pub(super) fn issuer(&self) -> String {
            self.said("issuer").to_owned()
        }
    }

    impl Drop for Provider {
        fn drop(&mut self) {
            let _ = self.child.kill().and_then(|()| self.child.wait());
        }
    }

    #[allow(clippy::print_stdout, reason = "the output is for the terminal")]
    pub(super) fn print_commands(url: &str, provider: &Provider) {
        let (reader, writer) = (provider.said("reader"), provider.said("writer"));
        println!(
            "Listening on {url}, with a provider at {}. Commands to try in another terminal:\n",
            provider.issuer()
        );
        println!("# without a token: 401, and the URL of the metadata\ncurl -i {url}/reports\n");
        println!(
            "# the metadata, which names the accepted issuer: 200\ncurl -i {url}/.well-known/oauth-protected-resource\n"
        );
        println!("# a token from the provider: 200\ncurl -i -H 'Authorization: Bearer {reader}' {url}/reports\n");
        println!(
            "# a token without the scope: 403, and the challenge contains the scope\ncurl -i -H 'Authorization: Bearer {writer}' {url}/reports\n"
        );
        println!("# a modified token: 401\ncurl -i -H 'Authorization: Bearer {reader}A' {url}/reports\n");
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::test::{TestRequest, call_service, init_service};
    use auth_actix::test::Keys;
    use serde_json::json;

    use super::*;

    const ISSUER: &str = "https://id.example";
    const RESOURCE: &str = "https://api.example";

    /// Needs no provider and no network: only the keys are replaced, and all other settings are real.
    #[actix_web::test]
    async fn provider_access_tokens_are_accepted_and_id_tokens_refused() {
        let keys = Keys::new();
        let auth = settings(ISSUER, RESOURCE).test_keys(&keys).build().unwrap();
        let app = init_service(App::new().service(api(&auth))).await;
        #[rustfmt::skip]
        let table = [
            (keys.token(ISSUER, RESOURCE, &json!({ "scope": "openid read:reports" })), StatusCode::OK),
            (keys.token(ISSUER, RESOURCE, &json!({ "scope": "openid" })),              StatusCode::FORBIDDEN),
            // Access tokens of Keycloak, Entra ID, Auth0 and Okta.
            (keys.token(ISSUER, RESOURCE, &json!({ "typ": "Bearer", "azp": "spa", "acr": "1", "scope": "read:reports profile" })), StatusCode::OK),
            (keys.token(ISSUER, RESOURCE, &json!({ "ver": "2.0", "azp": "spa", "tid": "t", "oid": "o", "scp": "read:reports" })), StatusCode::OK),
            (keys.token(ISSUER, RESOURCE, &json!({ "azp": "c", "gty": "client-credentials", "scope": "read:reports" })), StatusCode::OK),
            (keys.token(ISSUER, RESOURCE, &json!({ "ver": 1, "cid": "c", "uid": "u", "scp": ["openid", "read:reports"] })), StatusCode::OK),
            // Their ID tokens and refresh tokens.
            (keys.token(ISSUER, RESOURCE, &json!({ "typ": "ID", "scope": "read:reports" })),      StatusCode::UNAUTHORIZED),
            (keys.token(ISSUER, RESOURCE, &json!({ "at_hash": "x", "scope": "read:reports" })),   StatusCode::UNAUTHORIZED),
            (keys.token(ISSUER, RESOURCE, &json!({ "typ": "Refresh", "scope": "read:reports" })), StatusCode::UNAUTHORIZED),
            (keys.token(ISSUER, "https://other.example", &json!({})),                  StatusCode::UNAUTHORIZED),
            (keys.token("https://evil.example", RESOURCE, &json!({})),                 StatusCode::UNAUTHORIZED),
        ];
        for (token, status) in table {
            let request =
                TestRequest::get().uri("/reports").insert_header(("Authorization", format!("Bearer {token}")));
            assert_eq!(call_service(&app, request.to_request()).await.status(), status);
        }
        let metadata = TestRequest::get().uri("/.well-known/oauth-protected-resource").to_request();
        assert_eq!(call_service(&app, metadata).await.status(), StatusCode::OK);
    }
}
