#[auth_actix::require(role("admin") ANDD role("editor"))]
async fn report() {}

fn main() {}
