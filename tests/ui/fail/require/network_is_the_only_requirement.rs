#[auth_actix::require(network("10.0.0.0/8"))]
async fn report() {}

fn main() {}
