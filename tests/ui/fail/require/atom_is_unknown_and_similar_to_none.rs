#[auth_actix::require(weekday("monday"))]
async fn report() {}

fn main() {}
