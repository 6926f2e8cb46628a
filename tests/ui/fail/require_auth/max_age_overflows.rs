#[auth_actix::require_auth(max_age = "99999999999999999999s")]
async fn report() {}

fn main() {}
