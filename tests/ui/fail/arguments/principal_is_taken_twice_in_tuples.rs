use auth_actix::{Principal, require_auth};

#[require_auth]
async fn report(_: Principal, _: (String, Principal)) {}

fn main() {}
