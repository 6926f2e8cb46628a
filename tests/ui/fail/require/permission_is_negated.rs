#[auth_actix::require(!permission("posts:write"))]
async fn report() {}

fn main() {}
