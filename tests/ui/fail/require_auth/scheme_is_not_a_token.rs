#[auth_actix::require_auth(scheme = "bear er")]
async fn report() {}

fn main() {}
