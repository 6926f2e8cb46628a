#[auth_actix::require_role(b"admin")]
async fn report() {}

fn main() {}
