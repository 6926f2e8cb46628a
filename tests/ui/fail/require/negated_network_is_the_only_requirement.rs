#[auth_actix::require(!network("203.0.113.0/24"))]
async fn report() {}

fn main() {}
