#[auth_actix::require(max_age(5))]
async fn report() {}

fn main() {}
