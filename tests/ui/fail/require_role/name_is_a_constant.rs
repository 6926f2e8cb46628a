const NAME: &str = "admin";

#[auth_actix::require_role(NAME)]
async fn report() {}

fn main() {}
