#[auth_actix::require_scope("read\treports")]
async fn report() {}

fn main() {}
