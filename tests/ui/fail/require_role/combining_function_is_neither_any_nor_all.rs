#[auth_actix::require_role(one_of("admin", "editor"))]
async fn report() {}

fn main() {}
