const NAME: &str = "admin";

#[auth_actix::require(role(NAME))]
async fn report() {}

fn main() {}
