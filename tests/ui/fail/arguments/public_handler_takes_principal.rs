#[auth_actix::public]
async fn report(_user: auth_actix::Principal) {}

fn main() {}
