//! Tests of name resolution with the generated `call` functions, which exist because this crate is compiled for tests.
#![deny(warnings)]

use std::time;

use actix_web::web::ServiceConfig;
use actix_web::{get, web};
use auth_actix::{Auth, public, require_auth, require_permission, require_role};
use auth_tests::server::Server;
use auth_tests::token::bearer;
use auth_tests::wire::get as get_request;
use serde_json::json;

/// A handler with the name of a module.
#[public]
async fn time() -> String {
    format!("{:?}", time::Duration::ZERO)
}

#[require_auth]
#[get("/list")]
#[allow(unused_variables)]
async fn list(id: web::Path<u64>) -> &'static str {
    "outer"
}

mod inner {
    use super::*;

    #[require_auth]
    #[get("/list")]
    pub(super) async fn list() -> &'static str {
        "inner"
    }

    #[public]
    pub(super) async fn time() -> &'static str {
        "inner"
    }
}

#[allow(non_snake_case)]
#[public]
async fn Option() -> &'static str {
    "a type's"
}

#[actix_web::test]
async fn generated_call_functions_support_shadowing_handler_names() {
    assert_eq!(list::call(web::Path::from(7)).await, "outer");
    assert_eq!(inner::list::call().await, "inner");
    let registered = |auth: &auth_actix::Auth| {
        let scope = auth.scope("").service(list).service(inner::list).route("/time", auth_actix::web::get().to(time));
        drop(
            scope
                .route("/inner", auth_actix::web::get().to(inner::time))
                .route("/option", auth_actix::web::get().to(Option)),
        );
    };
    registered(&crate::bearer_only().build().unwrap());
}

#[derive(auth_actix::Permission)]
#[allow(non_camel_case_types)]
enum Action {
    r#move,
}

#[derive(auth_actix::Role)]
#[allow(non_camel_case_types)]
enum Post {
    #[role(grants(Action::r#move))]
    r#extern,
}

#[require_role(Post::r#extern)]
#[get("/role")]
async fn by_role() -> &'static str {
    "role"
}

#[require_permission(Action::r#move)]
#[get("/permission")]
async fn by_permission() -> &'static str {
    "permission"
}

#[test]
fn raw_identifiers_name_roles_and_permissions() {
    let auth = Auth::builder().bearer(crate::jwt()).roles::<Post>().build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(by_role).service(by_permission));
    });
    for path in ["/role", "/permission"] {
        let status =
            |roles: &[&str]| server.send(&get_request(path).authorization(bearer(json!({ "roles": roles })))).status;
        assert_eq!((status(&["extern"]), status(&["other"])), (200, 403), "{path}");
    }
}
