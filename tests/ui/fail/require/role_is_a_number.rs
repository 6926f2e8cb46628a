#[auth_actix::require(role(1))]
async fn report() {}

fn main() {}
