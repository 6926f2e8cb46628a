use actix_web::{get, web};
use auth_actix::{deny_country, require, require_auth, require_country, rule};

// Lists with a common country, below the route, and with `not_found`.
#[get("/below")]
#[require_auth]
#[require_country("DE", "FR")]
#[require_country("FR", "US")]
#[deny_country("DE", redundant = "said out loud")]
async fn below() -> &'static str {
    "below"
}

#[require_auth(direct)]
#[require_country("DE", not_found)]
#[get("/hidden")]
async fn hidden() -> &'static str {
    "hidden"
}

// One alternative cannot hold, and another can.
#[require(authenticated && (country("DE", "FR") || network("10.0.0.0/8")))]
async fn either() -> &'static str {
    "either"
}

#[require(acr("gold") || acr("silver"))]
async fn levels() -> &'static str {
    "levels"
}

fn main() {
    let auth = auth_actix::Auth::builder().bearer(auth_actix::Jwt::hs256([7; 32]).issuer("a").audience("b"));
    let auth = auth.build().unwrap();
    let scope = auth.scope("").require(rule!(public && country("DE"))).service(hidden);
    let scope = scope.service(auth_actix::web::resource("/either").route(auth_actix::web::get().to(either)));
    let scope = scope.service(auth_actix::web::resource("/levels").route(auth_actix::web::get().to(levels)));
    let _ = actix_web::App::new().service(web::scope("/b").service(below)).service(scope);
}
