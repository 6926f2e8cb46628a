use actix_web::get;
use auth_actix::{Auth, Id, Jwt, Tenant, at};

#[auth_actix::require_auth(in = (org, workspace), max_age = "5m")]
#[get("/reports")]
async fn reports(tenant: Tenant) -> String {
    format!("{tenant:?}")
}

#[auth_actix::require(authenticated(in = org) && direct)]
#[get("/projects")]
async fn projects(tenant: Tenant) -> String {
    format!("{tenant:?}")
}

fn main() {
    let builder = Auth::builder().bearer(Jwt::hs256([7; 32]).issuer("a").audience("b"));
    let builder = builder.tenant("org", at::header("X-Org").or_path("org")).tenant("workspace", at::path("workspace"));
    let auth = builder.roles_from(|_: Id, _: Option<String>| async { Ok(Vec::new()) }).build().unwrap();
    let _ = auth.scope("/{workspace}").service(reports).service(projects);
}
