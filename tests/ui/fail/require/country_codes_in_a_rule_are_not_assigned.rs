#[auth_actix::require(authenticated && (country("XX") || !country("YY")))]
async fn report() {}

fn main() {}
