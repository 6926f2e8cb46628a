#[auth_actix::require_auth(scheme = "")]
async fn report() {}

fn main() {}
