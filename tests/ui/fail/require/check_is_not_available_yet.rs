#[auth_actix::require(check(true))]
async fn report() {}

fn main() {}
