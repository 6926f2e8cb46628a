#[auth_actix::require(!authenticated)]
async fn report() {}

fn main() {}
