#[auth_actix::require_auth(max_age = "")]
async fn report() {}

fn main() {}
