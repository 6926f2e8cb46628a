#[auth_actix::require_role(true)]
async fn report() {}

fn main() {}
