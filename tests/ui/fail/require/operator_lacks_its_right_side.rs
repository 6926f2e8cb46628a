#[auth_actix::require(role("admin") &&)]
async fn report() {}

fn main() {}
