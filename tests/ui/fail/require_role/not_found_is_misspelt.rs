#[auth_actix::require_role("admin", not_fund)]
async fn report() {}

fn main() {}
