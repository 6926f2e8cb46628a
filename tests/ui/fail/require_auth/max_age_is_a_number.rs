#[auth_actix::require_auth(max_age = 5)]
async fn report() {}

fn main() {}
