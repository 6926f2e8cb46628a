#[auth_actix::require()]
async fn report() {}

fn main() {}
