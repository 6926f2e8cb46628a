#[auth_actix::require_auth]
#[actix_web::get("/report")]
async fn report(#[cfg_attr(all(), cfg(any()))] _page: actix_web::web::Query<u8>) -> &'static str { "" }

fn main() {}
