#[auth_actix::require_permission(any("posts:write"))]
async fn report() {}

fn main() {}
