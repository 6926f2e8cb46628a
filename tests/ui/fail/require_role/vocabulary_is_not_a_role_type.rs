enum Role { Admin }

#[auth_actix::require_role("admin")]
async fn report() {}

fn main() {}
