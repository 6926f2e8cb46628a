use actix_web::App;
use auth_actix::Auth;

mod reports {
    use actix_web::{get, web};
    use auth_actix::{require_auth, require_role};

    #[derive(auth_actix::Role)]
    pub enum Role {
        Admin,
    }

    #[require_role("admin")]
    #[get("/report/{id}")]
    pub async fn show(id: web::Path<u64>) -> String {
        id.to_string()
    }

    #[require_auth]
    pub(crate) async fn list() -> &'static str {
        "daily"
    }

    pub mod archive {
        use super::Role;
        use actix_web::get;
        use auth_actix::require_role;

        #[require_role("admin")]
        #[get("/old")]
        pub(in crate::reports) async fn old() -> &'static str {
            "old"
        }

        #[require_role(super::Role::Admin)]
        #[get("/older")]
        pub(super) async fn older() -> &'static str {
            "older"
        }
    }

    pub fn routes(config: &mut auth_actix::web::ServiceConfig) {
        config.service(show).service(archive::old).service(archive::older);
    }
}

fn main() {
    let _ = |auth: &Auth| {
        let scope = auth.scope("/api").service(reports::show).route("/list", auth_actix::web::get().to(reports::list));
        App::new().service(scope.configure(reports::routes));
    };
}
