#[auth_actix::require_scope("read:reports", "write:reports")]
async fn report() {}

fn main() {}
