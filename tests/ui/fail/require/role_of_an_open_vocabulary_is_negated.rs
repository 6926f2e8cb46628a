type Role = auth_actix::open::Role;

#[auth_actix::require(!role("suspended"))]
async fn report() {}

fn main() {}
