#[auth_actix::require("admin")]
async fn report() {}

fn main() {}
