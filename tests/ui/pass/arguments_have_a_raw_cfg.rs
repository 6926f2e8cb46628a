//! An argument that a `cfg` removes does not remove the rule, even if the attribute is a raw identifier.
use actix_web::web;
use auth_actix::require_auth;

#[require_auth]
async fn report(#[r#cfg(any())] page: web::Query<Missing>) -> &'static str {
    "report"
}

#[require_auth]
async fn shown(#[r#cfg(all())] page: web::Query<u8>) -> String {
    page.to_string()
}

fn takes_its_rule<F: Fn(A) -> R, A, R>(_: F) {}

fn main() {
    takes_its_rule(report);
    takes_its_rule(shown);
}
