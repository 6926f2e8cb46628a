#[auth_actix::public]
#[auth_actix::public]
async fn report() {}

fn main() {}
