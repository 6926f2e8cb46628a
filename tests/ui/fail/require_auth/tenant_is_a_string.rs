#[auth_actix::require_auth(in = "org")]
async fn reports() {}

fn main() {}
