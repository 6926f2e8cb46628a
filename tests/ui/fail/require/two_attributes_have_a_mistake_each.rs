#[auth_actix::require_role(any())]
#[auth_actix::require(rol("admin"))]
async fn report() {}

fn main() {}
