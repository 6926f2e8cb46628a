#[auth_actix::require_role("admin", "editor", "viewer")]
async fn report() {}

fn main() {}
