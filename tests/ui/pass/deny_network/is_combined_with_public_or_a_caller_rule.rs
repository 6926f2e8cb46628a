use actix_web::{App, get};
use auth_actix::{Auth, deny_network, public, require_role};

#[derive(auth_actix::Role)]
enum Role {
    Admin,
    Editor,
    Viewer,
}

#[public]
#[deny_network("203.0.113.0/24", "2001:db8::/32")]
#[get("/anyone")]
async fn anyone() -> &'static str {
    "anyone"
}

#[deny_network("203.0.113.0/24")]
#[require_role("admin")]
#[get("/admins")]
async fn admins() -> &'static str {
    "admins"
}

#[deny_network("203.0.113.0/24")]
#[deny_network("198.51.100.0/24")]
#[require_role("admin")]
#[get("/twice-with-other-words")]
async fn twice_with_other_words() -> &'static str {
    "twice_with_other_words"
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(anyone).service(admins).service(twice_with_other_words));
    };
}
