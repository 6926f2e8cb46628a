#[auth_actix::public]
#[auth_actix::deny_network("203.0.113.0/24")]
async fn report(_user: auth_actix::Principal) {}

fn main() {}
