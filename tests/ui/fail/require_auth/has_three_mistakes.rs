#[auth_actix::require_auth(max_age = "soon", acr = "", schema = "basic")]
async fn report() {}

fn main() {}
