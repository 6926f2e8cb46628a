#[auth_actix::require_auth(scheme = "client_cert")]
async fn report() {}

fn main() {}
