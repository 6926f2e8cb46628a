#[derive(Debug)] struct Lost;
async fn owns(_: u64) -> Result<bool, Lost> { Ok(true) }
#[auth_actix::require_auth]
#[auth_actix::require(check(owns(*id).await))] async fn report(id: actix_web::web::Path<u64>) {}
#[auth_actix::require_auth]
#[auth_actix::require(check(owns(*id).await?))] async fn other(id: actix_web::web::Path<u64>) -> actix_web::Result<String> { Ok(id.to_string()) }
fn main() {}
