#[derive(serde::Deserialize)] struct Page { from: u64, to: u64 }
#[auth_actix::require_auth]
#[auth_actix::require(check(from > 0))] async fn report(actix_web::web::Query(Page { from, .. }): actix_web::web::Query<Page>) { let _ = from; }
fn main() {}
