#[auth_actix::require_scope("read\"reports")]
async fn report() {}

fn main() {}
