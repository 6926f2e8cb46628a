type Role = auth_actix::open::Role;

#[auth_actix::require_role("hasRole('admin')")]
async fn report() {}

fn main() {}
