#[auth_actix::require(authenticated && country("DE") && !country("DE"))]
async fn report() {}

fn main() {}
