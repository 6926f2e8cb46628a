//! Functions with several rules, or with a rule and an attribute that is not a route, beside modules with their names.
use actix_web::App;
use auth_actix::require_role as need;
use auth_actix::{Auth, Role, deny_network, public, require_auth, require_role};
use tracing::instrument;

#[derive(Role)]
enum Role {
    Admin,
}

mod reports {
    pub fn count() -> u8 {
        1
    }
}

#[require_auth(max_age = "5m")]
#[require_role("admin")]
async fn reports() -> &'static str {
    "reports"
}

mod traced {}

#[require_role("admin")]
#[instrument]
async fn traced() -> &'static str {
    "traced"
}

mod traced_by_path {}

#[tracing::instrument(name = "/traced", skip_all)]
#[require_role("admin")]
#[require_auth(max_age = "5m")]
async fn traced_by_path() -> &'static str {
    "traced"
}

mod between {}

#[require_auth(max_age = "5m")]
#[instrument(name = "/between")]
#[require_role("admin")]
async fn between() -> &'static str {
    "between"
}

mod open {}

#[public]
#[deny_network("10.0.0.0/8")]
async fn open() -> &'static str {
    "open"
}

mod renamed {}

#[require_auth(max_age = "5m")]
#[need("admin")]
async fn renamed() -> &'static str {
    "renamed"
}

mod conditional {}

#[require_auth(max_age = "5m")]
#[cfg_attr(all(), require_role("admin"))]
#[cfg_attr(any(), instrument)]
async fn conditional() -> &'static str {
    "conditional"
}

mod generic {}

#[require_auth(max_age = "5m")]
#[require_role("admin")]
async fn generic<const SIZE: usize>() -> String {
    SIZE.to_string()
}

fn main() {
    assert_eq!(reports::count(), 1);
    let _ = |auth: &Auth| {
        use auth_actix::web::get;
        let scope = auth.scope("/api").route("/a", get().to(reports)).route("/b", get().to(traced));
        let scope = scope.route("/c", get().to(traced_by_path)).route("/d", get().to(between));
        let scope = scope.route("/e", get().to(open)).route("/f", get().to(renamed)).route("/g", get().to(conditional));
        App::new().service(scope.route("/h", get().to(generic::<1>)));
    };
}
