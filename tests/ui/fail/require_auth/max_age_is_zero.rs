#[auth_actix::require_auth(max_age = "0s")]
async fn report() {}

fn main() {}
