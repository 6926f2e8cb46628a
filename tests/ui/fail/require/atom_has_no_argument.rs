#[auth_actix::require(role())]
async fn report() {}

fn main() {}
