#[auth_actix::require(authenticated && network())]
async fn report() {}

fn main() {}
