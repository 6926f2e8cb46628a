#[auth_actix::require_auth]
async fn report(#[r#cfg_attr(all(), cfg(any()))] _page: actix_web::web::Query<u8>) {}

fn main() {}
