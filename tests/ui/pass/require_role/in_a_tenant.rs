use actix_web::{App, get};
use auth_actix::{Auth, Jwt, require, require_permission, require_role};

#[derive(auth_actix::Role)]
enum Role {
    #[role(grants(Permission::Write))]
    Admin,
    Editor,
}

#[derive(auth_actix::Permission)]
enum Permission {
    Write,
}

#[require_role("admin", in = org)]
#[get("/{org}/by-name")]
async fn by_name() -> &'static str {
    "by_name"
}

#[require_role(any("admin", Role::Editor), in = org, not_found)]
#[get("/{org}/by-either")]
async fn by_either() -> &'static str {
    "by_either"
}

#[require_permission(in = org, "write")]
#[get("/{org}/by-permission")]
async fn by_permission() -> &'static str {
    "by_permission"
}

#[require(role(all("admin", "editor"), in = org) || (role("admin") && !role("editor", in = r#type)))]
#[get("/{org}/{type}/by-rule")]
async fn by_rule() -> &'static str {
    "by_rule"
}

fn main() {
    let auth = Auth::builder().bearer(Jwt::hs256([7; 32]).issuer("a").audience("b").tenant("org", "acme"));
    let auth = auth.roles_from(|_, _| async { Ok(Vec::new()) }).build().unwrap();
    let scope = auth.scope("").service(by_name).service(by_either).service(by_permission).service(by_rule);
    scope.check().unwrap();
    let _ = App::new().service(scope);
}
