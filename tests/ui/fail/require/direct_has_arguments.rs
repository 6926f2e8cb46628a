#[auth_actix::require(direct("bob"))]
async fn report() {}

fn main() {}
