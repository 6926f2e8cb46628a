#[auth_actix::require_auth(dirct)]
async fn report() {}

fn main() {}
