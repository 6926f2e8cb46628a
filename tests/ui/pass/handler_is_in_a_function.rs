use actix_web::{App, get};
use auth_actix::{Auth, require_auth, require_role};

fn register(auth: &Auth) {
    #[derive(auth_actix::Role)]
    enum Role {
        Admin,
    }

    #[require_role("admin")]
    #[get("/report")]
    async fn report() -> &'static str {
        "daily"
    }

    #[require_auth]
    async fn plain() -> &'static str {
        "plain"
    }

    #[get("/below")]
    #[require_role(Role::Admin)]
    async fn below() -> &'static str {
        "below"
    }

    App::new().service(auth.scope("/api").service(report).route("/plain", auth_actix::web::get().to(plain)));
    App::new().app_data(auth.clone()).service(below);
}

fn main() {
    let _: fn(&Auth) = register;

    let _ = |auth: &Auth| {
        #[require_auth]
        #[get("/closure")]
        async fn in_a_closure() -> &'static str {
            "closure"
        }
        App::new().service(auth.scope("/api").service(in_a_closure));
    };
}
