//! Handlers with the same name in modules with glob imports of each other: a service, and functions with several rules.
use actix_web::{App, get};
use auth_actix::{Auth, Role, require_auth, require_role};

#[derive(Role)]
pub enum Role {
    Admin,
}

#[require_role("admin")]
#[get("/list")]
pub async fn list() -> &'static str {
    "1"
}

mod v2 {
    use super::*;

    #[require_auth(max_age = "5m")]
    #[require_role("admin")]
    pub async fn list() -> &'static str {
        "2"
    }

    pub mod v3 {
        use super::*;

        #[require_role("admin")]
        #[tracing::instrument]
        pub async fn list() -> &'static str {
            "3"
        }
    }
}

mod v4 {
    use super::*;

    #[require_role("admin")]
    #[require_auth(max_age = "5m")]
    #[get("/v4/list")]
    pub async fn list() -> &'static str {
        "4"
    }
}

mod v5 {
    use super::v4::*;
    use auth_actix::{require_auth, require_role};
    use crate::Role;

    #[require_role("admin")]
    #[require_auth(max_age = "5m")]
    pub async fn list() -> &'static str {
        "5"
    }
}

fn main() {
    let _ = |auth: &Auth| {
        let scope = auth.scope("/api").service(list).service(v4::list).route("/2", auth_actix::web::get().to(v2::list));
        let scope = scope.route("/3", auth_actix::web::get().to(v2::v3::list)).route("/5", auth_actix::web::get().to(v5::list));
        App::new().service(scope);
    };
}
