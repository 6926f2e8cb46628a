#[auth_actix::require_auth(acr = "")]
async fn report() {}

fn main() {}
