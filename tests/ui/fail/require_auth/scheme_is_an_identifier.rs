#[auth_actix::require_auth(bearer)]
async fn report() {}

fn main() {}
