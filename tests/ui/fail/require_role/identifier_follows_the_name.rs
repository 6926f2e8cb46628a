#[auth_actix::require_role("admin" ANDD "editor")]
async fn report() {}

fn main() {}
