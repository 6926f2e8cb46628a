#[auth_actix::require(check(*id > 0, principal.id() == id))] async fn report(id: actix_web::web::Path<u64>) { let _ = id; }
fn main() {}
