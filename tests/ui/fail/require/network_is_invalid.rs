#[auth_actix::require(authenticated && network("10.0.0.0/33"))]
async fn report() {}

fn main() {}
