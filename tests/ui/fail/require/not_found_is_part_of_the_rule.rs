#[auth_actix::require(role("admin") && not_found)]
async fn report() {}

fn main() {}
