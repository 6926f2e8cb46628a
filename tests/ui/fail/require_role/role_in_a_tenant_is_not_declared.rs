#[derive(auth_actix::Role)]
enum Role { Admin, Editor }

#[auth_actix::require_role("admn", in = org)]
async fn report() {}

fn main() {}
