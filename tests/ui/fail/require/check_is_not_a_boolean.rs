#[auth_actix::require_auth]
#[auth_actix::require(check(*id))] async fn report(id: actix_web::web::Path<u64>) {}
fn main() {}
