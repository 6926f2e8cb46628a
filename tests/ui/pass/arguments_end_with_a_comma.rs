use actix_web::{App, get, web};
use auth_actix::{Auth, require, require_auth, require_claim, require_network, require_role};

#[derive(auth_actix::Role)]
enum Role {
    #[role("admin", alias("root",), implies(Editor,),)]
    Admin,
    Editor,
    Viewer,
}

#[require_role("admin",)]
#[require_auth(max_age = "5m",)]
#[require_claim("org", "acme",)]
#[require_network("10.0.0.0/8", "::1",)]
#[get("/report/{id}",)]
async fn report(id: web::Path<u64>,) -> String {
    id.to_string()
}

#[require_role(any("editor", "viewer",),)]
#[get("/any")]
async fn any() -> &'static str {
    "any"
}

#[require(role("viewer",) || claim("org", "acme",),)]
#[get("/rule")]
async fn rule() -> &'static str {
    "rule"
}

#[require_role("admin", not_found,)]
#[get("/hidden")]
async fn hidden() -> &'static str {
    "hidden"
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(report).service(any).service(rule).service(hidden));
    };
}
