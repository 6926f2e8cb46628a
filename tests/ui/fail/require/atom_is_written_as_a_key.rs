#[auth_actix::require(max_age = "5m")]
async fn report() {}

fn main() {}
