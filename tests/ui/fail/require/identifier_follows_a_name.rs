#[auth_actix::require(role("admin" editor))]
async fn report() {}

fn main() {}
