#[auth_actix::require_role(concat!("ad", "min"))]
async fn report() {}

fn main() {}
