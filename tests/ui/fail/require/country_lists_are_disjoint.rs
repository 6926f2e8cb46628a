#[auth_actix::require(authenticated && country("DE") && country("FR"))]
async fn report() {}

fn main() {}
