#![deny(warnings)]

use auth_actix::{Caller, Principal, public, require, require_auth};

struct Member {
    name: String,
}

#[derive(auth_actix::Role)]
enum Role {
    Admin,
}

#[require_auth]
async fn profile(me: Caller<Member>) -> String {
    me.name.clone()
}

#[public]
async fn home(me: Option<Caller<Member>>) -> String {
    me.map(|me| me.account_id().to_string()).unwrap_or_default()
}

#[require(login && direct)]
async fn own(me: Caller<Member>) -> String {
    me.principal().id().to_string()
}

// The account is required beside the login.
#[require_auth]
#[require(login)]
async fn both(me: Caller<Member>, _caller: Principal) -> String {
    me.name.clone()
}

#[require(role("admin") || check(principal.id().to_string() == *owner))]
async fn checked(me: Caller<Member>, owner: actix_web::web::Path<String>) -> String {
    format!("{} {owner}", me.name)
}

#[require(login)]
async fn sign_up(caller: Principal, me: Option<Caller<Member>>) -> String {
    me.map_or_else(|| caller.credential_id().to_string(), |me| me.name.clone())
}

#[require_auth]
async fn generic<const N: usize>(me: Caller<Member>) -> String {
    me.name.repeat(N)
}

fn main() {
    let _ = Role::Admin;
    let _ = |auth: &auth_actix::Auth| {
        let get = auth_actix::web::get;
        let scope = auth.scope("").route("/a", get().to(profile)).route("/b", get().to(home));
        let scope = scope.route("/c", get().to(own)).route("/d", get().to(both)).route("/e", get().to(checked));
        let scope = scope.route("/f", get().to(sign_up)).route("/g", get().to(generic::<2>));
        actix_web::App::new().service(scope);
    };
}
