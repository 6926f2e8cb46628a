use actix_web::{
    App, HttpResponse, get,
    middleware::{DefaultHeaders, NormalizePath},
    web,
};
use auth_actix::{Auth, guarded, public, require_auth, require_role, rule, unguarded};

#[derive(auth_actix::Role)]
enum Role {
    Admin,
    Staff,
}

#[require_role("admin")]
#[get("/report")]
async fn report() -> &'static str {
    "daily"
}

#[public]
#[get("/health")]
async fn health() -> &'static str {
    "up"
}

#[require_auth]
async fn plain(body: String) -> String {
    body
}

#[get("/old")]
async fn old() -> &'static str {
    "no rule yet"
}

async fn missing() -> HttpResponse {
    HttpResponse::NotFound().finish()
}

fn routes(config: &mut auth_actix::web::ServiceConfig) {
    config.service(report).route("/plain", auth_actix::web::post().to(plain));
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/one").configure(routes));
        App::new().service(auth.scope("/two").configure(|config| {
            config.service(health);
        }));
        App::new().service(
            auth.scope("/three")
                .service(auth.scope("/inner").service(report).service(auth.scope("/innermost").configure(routes)))
                .service(health),
        );
        App::new().service(auth.scope("/four").service(report).wrap(DefaultHeaders::new()).wrap(NormalizePath::trim()));
        App::new().service(auth.scope("/five").wrap(DefaultHeaders::new()).service(report).configure(routes));
        App::new().service(
            auth.scope("/six")
                .require(rule!(role("staff")))
                .service(report)
                .service(auth.scope("/wrapped").service(health).wrap(NormalizePath::trim()))
                .service(guarded(rule!(role("admin") || claim("org", "acme")), web::scope("/docs").service(old)))
                .service(unguarded("moves next week", old))
                .default_service(guarded(rule!(authenticated), web::to(missing))),
        );
        App::new().wrap(NormalizePath::trim()).service(web::scope("/outer").service(auth.scope("/in").service(report)));
    };
}
