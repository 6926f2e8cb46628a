#[auth_actix::require(!login)]
async fn report() {}

fn main() {}
