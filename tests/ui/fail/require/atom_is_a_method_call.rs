#[auth_actix::require(principal.has_role("admin"))]
async fn report() {}

fn main() {}
