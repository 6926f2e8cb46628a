type User = auth_actix::Principal;

#[auth_actix::public]
async fn report(_user: User) {}

fn main() {}
