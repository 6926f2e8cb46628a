#[derive(auth_actix::Role)]
enum Role { Admin, Editor }

#[auth_actix::require_role("admin", redundant = "why"u8)]
async fn report() {}

fn main() {}
