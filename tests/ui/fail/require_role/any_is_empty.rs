#[auth_actix::require_role(any())]
async fn report() {}

fn main() {}
