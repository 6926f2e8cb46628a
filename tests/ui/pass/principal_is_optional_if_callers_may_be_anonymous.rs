use actix_web::{App, get};
use auth_actix::{Auth, Principal, public, require, require_auth};

#[derive(auth_actix::Role)]
enum Role {
    Staff,
}

#[public]
#[get("/home")]
async fn home(user: Option<Principal>) -> String {
    user.map_or_else(|| "stranger".to_owned(), |user| format!("{:?}", user.id()))
}

#[require(network("10.0.0.0/8") || role("staff"))]
#[get("/lobby")]
async fn lobby(user: Option<Principal>) -> &'static str {
    if user.is_some_and(|user| user.has_role(Role::Staff)) { "staff" } else { "inside" }
}

#[require_auth]
#[get("/desk")]
async fn desk(user: Option<Principal>) -> String {
    user.is_some().to_string()
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(home).service(lobby).service(desk));
    };
}
