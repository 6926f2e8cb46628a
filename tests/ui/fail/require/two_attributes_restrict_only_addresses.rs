#[auth_actix::require(network("10.0.0.0/8"))]
#[auth_actix::deny_network("10.66.0.0/16")]
async fn report() {}

fn main() {}
