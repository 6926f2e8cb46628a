#[auth_actix::require_permission("posts:write ")]
async fn report() {}

fn main() {}
