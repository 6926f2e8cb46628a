#[auth_actix::require(!direct)]
async fn report() {}

fn main() {}
