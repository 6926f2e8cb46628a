#[auth_actix::require_auth]
async fn report(_caller: impl actix_web::FromRequest) {}

fn main() {}
