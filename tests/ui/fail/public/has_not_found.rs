#[auth_actix::public(not_found)]
async fn report() {}

fn main() {}
