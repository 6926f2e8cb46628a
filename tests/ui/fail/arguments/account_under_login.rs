struct Member;

#[auth_actix::require(login)]
async fn report(_me: auth_actix::Caller<Member>) {}

fn main() {}
