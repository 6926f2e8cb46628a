#[auth_actix::require(max_age("5 parsecs"))]
async fn report() {}

fn main() {}
