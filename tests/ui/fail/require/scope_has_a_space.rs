#[auth_actix::require(scope("read reports"))]
async fn report() {}

fn main() {}
