#[auth_actix::require_auth(in = org, in = workspace)]
async fn reports() {}

fn main() {}
