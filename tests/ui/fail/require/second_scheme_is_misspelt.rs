#[auth_actix::require(scheme("bearer") || scheme("beaer"))]
async fn report() {}

fn main() {}
