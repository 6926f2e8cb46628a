#[auth_actix::require_permission("posts:read", "posts:write")]
async fn report() {}

fn main() {}
