#[auth_actix::require(role("admin") && role("editor") || role("viewer"))]
async fn report() {}

fn main() {}
