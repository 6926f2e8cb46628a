#[auth_actix::require(scheme("basic") && scheme("session"))]
async fn report() {}

fn main() {}
