//! Names, where `call` stands beside each handler: this crate is compiled for tests.
#![deny(warnings)]

use std::time;

use actix_web::{get, web};
use auth_actix::{public, require_auth};

/// Has the name of a module.
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
async fn handlers_are_callable_as_written_whatever_they_are_called() {
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
