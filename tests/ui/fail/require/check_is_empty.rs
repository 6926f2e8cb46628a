#[auth_actix::require(check())] async fn report() {}
fn main() {}
