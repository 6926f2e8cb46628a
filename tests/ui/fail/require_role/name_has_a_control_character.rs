#[auth_actix::require_role("ad\u{7}min")]
async fn report() {}

fn main() {}
