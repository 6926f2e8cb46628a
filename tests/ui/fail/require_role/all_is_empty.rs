#[auth_actix::require_role(all())]
async fn report() {}

fn main() {}
