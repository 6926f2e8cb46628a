#[auth_actix::require_auth]
async fn report(#[cfg_attr(all(), r#cfg(any()))] _page: actix_web::web::Query<u8>) {}

fn main() {}
