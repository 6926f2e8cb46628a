#[auth_actix::require(role(any("admin")))]
async fn report() {}

fn main() {}
