#[auth_actix::require_role(all("admin"))]
async fn report() {}

fn main() {}
