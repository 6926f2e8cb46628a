#[auth_actix::require_auth(acr = 2)]
async fn report() {}

fn main() {}
