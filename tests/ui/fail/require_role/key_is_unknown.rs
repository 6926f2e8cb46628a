#[auth_actix::require_role(name = "admin")]
async fn report() {}

fn main() {}
