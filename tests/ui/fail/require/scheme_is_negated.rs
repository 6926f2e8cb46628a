#[auth_actix::require(!scheme("basic"))]
async fn report() {}

fn main() {}
