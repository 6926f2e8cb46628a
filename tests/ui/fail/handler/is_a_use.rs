#[auth_actix::require_auth]
pub use actix_web::HttpResponse;

fn main() {}
