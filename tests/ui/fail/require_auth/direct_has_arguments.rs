#[auth_actix::require_auth(direct("alice"))]
async fn report() {}

fn main() {}
