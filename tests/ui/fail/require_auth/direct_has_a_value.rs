#[auth_actix::require_auth(direct = true)]
async fn report() {}

fn main() {}
