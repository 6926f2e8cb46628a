#[auth_actix::require(check(*id > 0))] async fn report(id: actix_web::web::Path<u64>) { let _ = id; }
fn main() {}
