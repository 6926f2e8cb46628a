#[auth_actix::require(rol("admin"))]
async fn report() {}

fn main() {}
