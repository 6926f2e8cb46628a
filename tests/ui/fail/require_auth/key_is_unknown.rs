#[auth_actix::require_auth(max_agee = "5m")]
async fn report() {}

fn main() {}
