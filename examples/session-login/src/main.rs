//! A site with a login form, a session cookie, a logout, and a page for administrators.
//!
//! Copy this for a site with its own user table. Sessions are kept in the memory of this process. Several instances can share them
//! in Redis (`Sessions::redis`). In this example the cookie is sent over plain HTTP, for a browser on this machine. Behind TLS,
//! remove the call of `insecure_localhost`.
//!
//! ```text
//! cargo run -p session-login      # prints a name and a password, and where to log in
//! ```
//!
//! `PORT` is the port to listen on (8080 by default). `PASSWORD` is the password of the user `alice`.

use std::io;

use actix_web::http::header::ContentType;
use actix_web::{App, HttpResponse, HttpServer, get, post};
use auth_actix::password::{UsersFile, hash_password};
use auth_actix::session::Sessions;
use auth_actix::{Auth, AuthBuilder, Principal, Session, public, require_auth, require_role};

#[derive(auth_actix::Role)]
enum Role {
    #[role(implies(Member))]
    Admin,
    Member,
}

#[public]
#[get("/")]
async fn home(caller: Option<Principal>) -> HttpResponse {
    let greeting = match caller {
        Some(caller) if caller.has_role(Role::Admin) => {
            "<p>Hello, administrator.</p><form method=post action=/logout><button id=out>Log out</button></form>"
        }
        Some(_) => "<p>Hello.</p><form method=post action=/logout><button id=out>Log out</button></form>",
        None => "<p>You are not logged in. <a id=members href=/members>Members only</a></p>",
    };
    page(greeting)
}

#[require_role("member")]
#[get("/members")]
async fn members(caller: Principal) -> HttpResponse {
    // The name was validated when the user was created. Text from other sources has to be escaped.
    page(&format!("<h1 id=hello>Hello, {}</h1>", caller.local_subject()))
}

#[require_role("admin")]
#[get("/admin")]
async fn admin() -> HttpResponse {
    page("<h1>For administrators</h1>")
}

/// Ends all other sessions of the user, for use after a password change. Requires a recent login.
#[require_auth(max_age = "5m", direct)]
#[post("/logout-elsewhere")]
async fn log_out_elsewhere(session: Session) -> actix_web::Result<String> {
    Ok(session.log_out_elsewhere().await?.to_string())
}

fn page(body: &str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::html())
        .body(format!("<!doctype html><html lang=en><title>A site</title>{body}"))
}

fn settings(users: UsersFile) -> AuthBuilder {
    Auth::builder()
        .realm("site")
        .session(Sessions::memory().insecure_localhost())
        .users(users)
        .roles::<Role>()
        .login_page("/login")
}

/// Creates one user with the given password.
fn users(password: &str) -> io::Result<UsersFile> {
    let hash = hash_password(&password.into()).map_err(io::Error::other)?;
    Ok(UsersFile::parse(&format!("alice:{hash}:member\n"))?)
}

#[actix_web::main]
#[allow(clippy::print_stdout, reason = "the output is for the terminal")]
async fn main() -> io::Result<()> {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let password = std::env::var("PASSWORD").unwrap_or_else(|_| "correct horse battery staple".to_owned());
    let auth = settings(users(&password)?).build()?;
    let server = HttpServer::new(move || App::new().service(site(&auth))).bind(("127.0.0.1", port))?;
    for address in server.addrs() {
        println!("log in at http://{address}/login as alice, with the password `{password}`");
    }
    server.run().await
}

fn site(auth: &Auth) -> impl actix_web::dev::HttpServiceFactory + use<> {
    let scope = auth.scope("").service(home).service(members).service(admin).service(log_out_elsewhere);
    scope.service(auth.login()).service(auth.logout("/logout"))
}

#[cfg(test)]
mod tests {
    use actix_web::dev::ServiceResponse;
    use actix_web::http::StatusCode;
    use actix_web::http::header::{HeaderName, LOCATION, SET_COOKIE};
    use actix_web::test::{TestRequest, call_service, init_service};

    use super::*;

    fn field(answer: &ServiceResponse, name: HeaderName) -> &str {
        answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    #[actix_web::test]
    async fn login_redirects_back_and_logout_ends_the_session() {
        let auth = settings(users("secret").unwrap()).build().unwrap();
        let app = init_service(App::new().service(site(&auth))).await;
        let navigates = ("Sec-Fetch-Mode", "navigate");
        let ours = ("Sec-Fetch-Site", "same-origin");
        let away = call_service(&app, TestRequest::get().uri("/members").insert_header(navigates).to_request()).await;
        assert_eq!(field(&away, LOCATION), "/login?return_to=/members");
        let form = |password: &'static str| {
            let fields = [("username", "alice"), ("password", password), ("return_to", "/members")];
            TestRequest::post().uri("/login").insert_header(ours).set_form(fields).to_request()
        };
        let wrong = call_service(&app, form("guess")).await;
        assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
        let good = call_service(&app, form("secret")).await;
        assert_eq!((good.status(), field(&good, LOCATION)), (StatusCode::SEE_OTHER, "/members"));
        let cookie = field(&good, SET_COOKIE).split(';').next().unwrap().to_owned();
        let status = async |path: &str| {
            let request = TestRequest::get().uri(path).insert_header(("Cookie", cookie.as_str()));
            call_service(&app, request.to_request()).await.status()
        };
        assert_eq!(status("/members").await, StatusCode::OK);
        assert_eq!(status("/admin").await, StatusCode::FORBIDDEN);
        let post = |path: &str, site: &'static str| {
            let request = TestRequest::post().uri(path).insert_header(("Sec-Fetch-Site", site));
            request.insert_header(("Cookie", cookie.as_str())).to_request()
        };
        assert_eq!(call_service(&app, post("/logout-elsewhere", "same-origin")).await.status(), StatusCode::OK);
        assert_eq!(call_service(&app, post("/logout", "cross-site")).await.status(), StatusCode::FORBIDDEN);
        assert_eq!(status("/members").await, StatusCode::OK, "another site logs nobody out");
        assert_eq!(call_service(&app, post("/logout", "same-origin")).await.status(), StatusCode::NO_CONTENT);
        assert_eq!(status("/members").await, StatusCode::UNAUTHORIZED);
    }
}
