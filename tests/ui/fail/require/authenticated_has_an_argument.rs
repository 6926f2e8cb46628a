#[auth_actix::require(authenticated("basic"))]
async fn report() {}

fn main() {}
