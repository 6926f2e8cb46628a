#[auth_actix::require_auth]
#[auth_actix::require(check(*idd > 0))] async fn report(id: actix_web::web::Path<u64>) { let _ = id; }
fn main() {}
