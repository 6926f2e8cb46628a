#[auth_actix::require(not_found, role("admin"))]
async fn report() {}

fn main() {}
