struct Member;

#[auth_actix::public]
async fn report(_me: auth_actix::Caller<Member>) {}

fn main() {}
