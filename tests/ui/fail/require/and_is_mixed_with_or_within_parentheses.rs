#[auth_actix::require(authenticated && (role("admin") || role("editor") && role("viewer")))]
async fn report() {}

fn main() {}
