#[auth_actix::require_role(all("admin", any("editor", "viewer")))]
async fn report() {}

fn main() {}
