#[auth_actix::require_auth(scheme = Bearer)]
async fn report() {}

fn main() {}
