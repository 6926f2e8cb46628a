#[auth_actix::require_role(" ")]
async fn report() {}

fn main() {}
