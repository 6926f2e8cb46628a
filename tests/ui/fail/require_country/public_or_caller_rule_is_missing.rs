#[auth_actix::require_country("DE")]
async fn report() {}

fn main() {}
