fn owns(_: actix_web::web::Path<u64>) -> bool { true }
#[auth_actix::require_auth]
#[auth_actix::require(check(owns(id)))] async fn report(id: actix_web::web::Path<u64>) { let _ = id; }
fn main() {}
