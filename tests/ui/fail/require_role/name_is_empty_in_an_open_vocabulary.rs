type Role = auth_actix::open::Role;

#[auth_actix::require_role("")]
async fn report() {}

fn main() {}
