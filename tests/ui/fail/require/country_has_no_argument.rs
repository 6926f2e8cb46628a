#[auth_actix::require(authenticated && country)]
async fn report() {}

fn main() {}
