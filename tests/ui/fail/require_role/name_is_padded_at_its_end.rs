#[auth_actix::require_role("admin\n")]
async fn report() {}

fn main() {}
