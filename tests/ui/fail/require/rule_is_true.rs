#[auth_actix::require(true)]
async fn report() {}

fn main() {}
