#[auth_actix::public]
#[auth_actix::require(check(caller.local_subject() == "alice"))] async fn report(caller: auth_actix::Principal) { let _ = caller; }
fn main() {}
