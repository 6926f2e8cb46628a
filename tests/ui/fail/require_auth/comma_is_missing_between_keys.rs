#[auth_actix::require_auth(max_age = "5m" acr = "urn:example:mfa")]
async fn report() {}

fn main() {}
