#[auth_actix::require_role(any("admin" "editor"))]
async fn report() {}

fn main() {}
