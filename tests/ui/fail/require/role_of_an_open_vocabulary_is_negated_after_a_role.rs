type Role = auth_actix::open::Role;

#[auth_actix::require(role("staff") && !role("suspended"))]
async fn report() {}

fn main() {}
