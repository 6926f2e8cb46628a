#[auth_actix::require(scheme("bear er"))]
async fn report() {}

fn main() {}
