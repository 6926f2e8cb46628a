#[auth_actix::require(acr(""))]
async fn report() {}

fn main() {}
