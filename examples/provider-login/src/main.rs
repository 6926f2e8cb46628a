//! A site whose users log in at an OpenID provider and then have a session on this site.
//!
//! Copy this for pages that are used in a browser. `ISSUER`, `CLIENT_ID` and `CLIENT_SECRET` are those of the provider. `SITE` is
//! the public URL of this site. `SITE` followed by `/login/callback` must be registered at the provider as a redirect URI.
//!
//! Run it with `cargo run -p provider-login`. Without `ISSUER`, it starts the provider of `behind-provider` (requires Node.js and
//! npm), and the site is available at http://localhost:8080 to a browser on this machine. `PORT` is the port to listen on (8080 by
//! default). Sessions are kept in the memory of this process. Use `Sessions::redis` for several instances.

use std::io::IsTerminal as _;

use actix_web::dev::HttpServiceFactory;
use actix_web::http::header::ContentType;
use actix_web::{App, HttpResponse, HttpServer, get};
use auth_actix::oidc::OidcLogin;
use auth_actix::session::Sessions;
use auth_actix::{Auth, AuthBuilder, Principal, public, require_auth, require_role};

/// Roles, as listed in the `roles` claim of ID tokens. `OidcLogin::id_tokens` configures other claims.
#[derive(auth_actix::Role)]
enum Role {
    #[role(implies(Viewer))]
    Admin,
    Viewer,
}

fn page(body: &str) -> HttpResponse {
    let page = format!("<!doctype html><meta charset=utf-8><title>Reports</title><body>{body}");
    HttpResponse::Ok().content_type(ContentType::html()).body(page)
}

#[public]
#[get("/")]
async fn home(caller: Option<Principal>) -> HttpResponse {
    match caller {
        Some(_) => page(
            "<p>You are logged in. <a href=/reports>The reports</a><form method=post action=/logout><button>Log out</button></form>",
        ),
        None => page("<p><a href=\"/login?return_to=/reports\">Log in</a>"),
    }
}

#[require_role("viewer")]
#[get("/reports")]
async fn reports(caller: Principal) -> HttpResponse {
    let more = if caller.has_role(Role::Admin) { "<p><a href=/salaries>The salaries</a>" } else { "" };
    page(&format!("<h1>Reports</h1>{more}<p><a href=/>Home</a>"))
}

// A caller whose login is older is redirected to the provider, which requires a new login.
#[require_role("admin")]
#[require_auth(max_age = "15m")]
#[get("/salaries")]
async fn salaries() -> HttpResponse {
    page("<h1>Salaries</h1><p><a href=/>Home</a>")
}

fn settings(login: OidcLogin, sessions: Sessions) -> AuthBuilder {
    Auth::builder().realm("reports").session(sessions).oidc_login(login).roles::<Role>()
}

fn site(auth: &Auth) -> impl HttpServiceFactory + use<> {
    let login = auth.scope("").service(auth.oidc_login()).service(auth.oidc_callback()).service(auth.logout("/logout"));
    login.service(home).service(reports).service(salaries)
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into());
    let colors = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colors).with_writer(std::io::stderr).init();
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let named = |name| std::env::var(name).map_err(|_| std::io::Error::other(format!("{name} is not set")));
    let (auth, _provider) = match std::env::var("ISSUER") {
        Ok(issuer) => {
            let redirect = format!("{}/login/callback", named("SITE")?);
            let login = OidcLogin::new(issuer, named("CLIENT_ID")?, named("CLIENT_SECRET")?, redirect);
            (settings(login, Sessions::memory()).build()?, None)
        }
        Err(_) => {
            let redirect = format!("http://localhost:{port}/login/callback");
            let provider = provider::start(&redirect)?;
            let login = OidcLogin::new(provider.said("issuer"), "web", provider.said("secret"), redirect);
            let sessions = Sessions::memory().insecure_localhost();
            provider::tell(port, &provider);
            (settings(login, sessions).build()?, Some(provider))
        }
    };
    HttpServer::new(move || App::new().service(site(&auth))).workers(2).bind(("127.0.0.1", port))?.run().await
}

/// A provider for trying the example. Applications do not need this module.
mod provider {
    use std::io::{BufRead as _, BufReader, Error, Result};
    use std::process::{Child, Command, Stdio};

    use serde_json::Value;

    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../behind-provider/provider");

    /// A child process that is killed on drop.
    pub(super) struct Provider {
        child: Child,
        said: Value,
    }

    pub(super) fn start(redirect: &str) -> Result<Provider> {
        let node = |error| Error::other(format!("the example provider requires Node.js and npm: {error}"));
        if !std::path::Path::new(FOLDER).join("node_modules").exists() {
            let install = ["install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"];
            Command::new("npm").args(install).current_dir(FOLDER).status().map_err(node)?;
        }
        let mut command = Command::new("node");
        command.arg("provider.mjs").current_dir(FOLDER).env("REDIRECT_URI", redirect).env_remove("PORT");
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(node)?;
        let mut line = String::new();
        let said = child.stdout.take().map(BufReader::new);
        said.ok_or_else(|| node(Error::other("it printed nothing")))?.read_line(&mut line)?;
        Ok(Provider { said: serde_json::from_str(&line)?, child })
    }

    impl Provider {
        pub(super) fn said(&self, name: &str) -> &str {
            self.said.get(name).and_then(Value::as_str).unwrap_or_default()
        }
    }

    impl Drop for Provider {
        fn drop(&mut self) {
            let _ = self.child.kill().and_then(|()| self.child.wait());
        }
    }

    #[allow(clippy::print_stdout, reason = "the output is for the terminal")]
    pub(super) fn tell(port: u16, provider: &Provider) {
        println!("Open http://localhost:{port} in a browser. The provider is at {}.", provider.said("issuer"));
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::http::header::LOCATION;
    use actix_web::test::{TestRequest, call_service, init_service};
    use auth_actix::identity::SchemeId;
    use auth_actix::test::Caller;

    use super::*;

    /// Runs without a provider: the test defines the caller, and a login attempt gets 503.
    #[actix_web::test]
    async fn pages_enforce_roles_and_recent_login_without_provider() {
        let redirect = "https://reports.example/login/callback";
        let login = OidcLogin::new("https://127.0.0.1:1", "web", "secret", redirect);
        let auth = settings(login, Sessions::memory()).build().unwrap();
        let app = init_service(App::new().service(site(&auth))).await;
        let page = |path: &str| TestRequest::get().uri(path).insert_header(("Sec-Fetch-Mode", "navigate")).to_request();
        let stranger = call_service(&app, page("/reports")).await;
        assert_eq!(stranger.status(), StatusCode::SEE_OTHER);
        assert_eq!(stranger.headers().get(LOCATION).unwrap(), "/login?return_to=/reports");
        let away = call_service(&app, page("/login?return_to=/reports")).await;
        assert_eq!(away.status(), StatusCode::SERVICE_UNAVAILABLE);
        for (role, path, status) in [
            ("viewer", "/reports", StatusCode::OK),
            ("admin", "/reports", StatusCode::OK),
            ("viewer", "/salaries", StatusCode::FORBIDDEN),
            ("admin", "/salaries", StatusCode::SEE_OTHER),
        ] {
            let caller = Caller::user("alice").scheme(SchemeId::Session).role(role).claim("auth_time", 1);
            assert_eq!(call_service(&app, caller.call(page(path))).await.status(), status, "{role} {path}");
        }
    }
}
