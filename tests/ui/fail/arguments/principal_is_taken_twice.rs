use auth_actix::Principal;

#[auth_actix::require_auth]
async fn report(_user: Principal, _author: Principal) {}

fn main() {}
