#[auth_actix::require(role("admin"), role("editor"))]
async fn report() {}

fn main() {}
