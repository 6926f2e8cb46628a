#[auth_actix::require(max_age("0s"))]
async fn report() {}

fn main() {}
