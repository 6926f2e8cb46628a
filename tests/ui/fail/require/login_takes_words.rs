#[auth_actix::require(login("alice"))]
async fn report() {}

fn main() {}
