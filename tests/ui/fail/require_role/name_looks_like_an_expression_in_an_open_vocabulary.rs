type Role = auth_actix::open::Role;

#[auth_actix::require_role("admin || editor")]
async fn report() {}

fn main() {}
